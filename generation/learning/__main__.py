"""Do one slice of the training run in a folder; progress and outcome as JSON lines on stdout."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from pathlib import Path

import torch
from accelerate import PartialState

from generation.engines.errors import EngineError
from generation.learning.errors import LearningError
from generation.learning.jobs import open_run
from generation.learning.training import Progress, run_slice


def main() -> int:
    """Exit code 0: the slice is done, whatever its outcome; 1: it could not be."""
    parser = argparse.ArgumentParser(prog="python -m generation.learning", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--threads", type=int, default=0, help="torch threads; 1 repeats bit by bit"
    )
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    processes = PartialState(cpu=options.device == "cpu")
    device = options.device if processes.num_processes == 1 else str(processes.device)
    try:
        run = open_run(options.folder, device=device)
        outcome = run_slice(
            run,
            seconds=options.seconds,
            steps=options.steps,
            on_progress=_say if processes.is_main_process else None,
        )
    except (LearningError, EngineError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if processes.is_main_process:
        print(json.dumps(dataclasses.asdict(outcome)), flush=True)
    return 0


def _say(progress: Progress) -> None:
    facts = dataclasses.asdict(progress)
    finite = {k: v if v is None or math.isfinite(v) else None for k, v in facts.items()}
    print(json.dumps(finite), flush=True)


if __name__ == "__main__":
    sys.exit(main())
