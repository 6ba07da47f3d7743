"""Kills, short memory, full disks, values that are no numbers: what is left, what is said."""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generation.learning.adapters import read_adapter
from generation.learning.errors import CheckpointUnsaved, RunInvalid
from generation.learning.files import load_tensors
from generation.learning.jobs import Job, open_run, write_job
from generation.learning.preparing import Prepared
from generation.learning.recipe import Recipe
from generation.learning.training import End, run_slice
from tests.generation.learning.conftest import SMALL

ROOT = Path(__file__).resolve().parents[3]


def start(folder, *options, command=()):
    return subprocess.Popen(
        [sys.executable, *(command or ["-m", "generation.learning"]), str(folder), *options],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def job(emblems, make_rows):
    def make(**changes) -> Job:
        recipe = Recipe(**{**SMALL, **changes})
        return Job(str(emblems), tuple(make_rows(6, side=256)), recipe)

    return make


@pytest.mark.faults
def test_a_killed_run_ends_in_the_same_bits_as_an_undisturbed_one(job, tmp_path):
    kills = (4, 9, 14, 19, 24) if os.environ.get("SALON_SOAK") else (7,)
    job = job(steps=30)
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    for folder in (calm, killed):
        write_job(folder, job)
    outcome = run_slice(open_run(calm, device="cpu"))
    assert outcome.end is End.FINISHED
    rng = random.Random(4)
    options = ("--device", "cpu", "--threads", "1")
    for after in kills:
        process = start(killed, *options)
        for line in process.stdout:
            if json.loads(line)["step"] >= after:
                time.sleep(rng.random() * 0.2)  # somewhere in a step or in a save
                process.send_signal(signal.SIGKILL)
                break
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    process = start(killed, *options)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["end"] == "finished"
    assert 1 < json.loads(out.splitlines()[0])["step"] <= 30  # it did not begin anew
    names = ("adapter.safetensors", "checkpoint.safetensors")
    for name in names:
        assert (calm / name).read_bytes() == (killed / name).read_bytes(), name
    assert not list(killed.rglob(".*.partial"))


def memory_for(network, most):
    """Let the network's first layer fail as a device does when a batch is too large."""

    def hook(_module, args, kwargs):
        batch = len(kwargs.get("hidden_states", args[0] if args else ()))
        hook.seen.append(batch)
        if batch > most:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to hold {batch} pictures.")

    hook.seen = []
    network.register_forward_pre_hook(hook, with_kwargs=True)
    return hook.seen


def test_short_memory_halves_what_is_done_at_once_and_the_run_goes_on(make_run):
    plenty = make_run(beta=100.0)
    run_slice(plenty, steps=4)
    run = make_run(beta=100.0)
    seen = memory_for(run.prepared.family.network, most=1)
    outcome = run_slice(run, steps=4)
    assert outcome.step == 4
    assert run.state.micro_batch == 1
    assert 4 in seen
    far = (plenty.slot.vector - plenty.slot.fresh(0)).abs().max()
    assert (run.slot.vector - plenty.slot.vector).abs().max() < 0.01 * far
    run.save()
    assert load_tensors(run.prepared.checkpoint)[1]["figures"]["micro_batch"] == 1


def test_no_memory_at_all_stops_the_run_and_says_what_to_do(make_run):
    run = make_run(beta=100.0)
    run_slice(run, steps=1)
    memory_for(run.prepared.family.network, most=0)
    before = run.slot.vector.detach().clone()
    outcome = run_slice(run)
    assert (outcome.end, outcome.step) == (End.STOPPED, 1)
    assert "gradient checkpointing" in outcome.reason
    assert torch.equal(run.slot.vector, before)
    assert run_slice(run) == outcome  # it stays stopped


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from generation.learning.errors import CheckpointUnsaved
from generation.learning.jobs import open_run
from generation.learning.training import run_slice
folder = Path(sys.argv[1])
run = open_run(folder, device="cpu")
print(run_slice(run, steps=4).step, flush=True)
whole = (folder / "checkpoint.safetensors").read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
try:
    run_slice(run)
except CheckpointUnsaved as error:
    print(error)
assert (folder / "checkpoint.safetensors").read_bytes() == whole
assert not list(folder.glob(".*.partial"))
"""


@pytest.mark.faults
def test_a_full_disk_leaves_the_last_checkpoint_and_the_run_goes_on_later(job, tmp_path):
    folder = tmp_path / "run"
    write_job(folder, job())
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    process = start(folder, command=["-c", FULL_DISK])
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert out.startswith("4\n")
    assert "Make room on the disk" in out
    run = open_run(folder, device="cpu")
    assert run.state.step == 4
    assert run_slice(run).end is End.FINISHED


def test_a_damaged_or_foreign_checkpoint_is_refused(make_run, tmp_path):
    run = make_run(folder=tmp_path / "run")
    run_slice(run, steps=1)
    path = run.prepared.checkpoint
    with pytest.raises(RunInvalid, match="other rows"):
        make_run(folder=tmp_path / "run", rate=0.01)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunInvalid, match="damaged"):
        make_run(folder=tmp_path / "run")
    path.write_bytes(bytes(data[:100]))
    with pytest.raises(RunInvalid, match="begin the run anew"):
        make_run(folder=tmp_path / "run")


def test_a_folder_without_a_job_is_refused(tmp_path):
    with pytest.raises(RunInvalid):
        open_run(tmp_path)


def test_values_that_are_no_numbers_stop_the_run_before_they_get_into_the_adapter(make_run):
    run = make_run(beta=100.0)
    run_slice(run, steps=2)
    last = run.prepared.family.network.proj_out
    last.register_forward_hook(lambda _module, _args, output: output * float("nan"))
    outcome = run_slice(run)
    assert (outcome.end, outcome.step) == (End.STOPPED, 2)
    assert "not numbers" in outcome.reason
    assert run.slot.vector.isfinite().all()
    assert run.average.isfinite().all()


def test_a_loss_that_stays_far_above_its_usual_height_stops_the_run(make_run):
    run = make_run(beta=1000.0, rate=0.001)
    run_slice(run, steps=3)
    sides = itertools.cycle((10.0, 1.0))  # chosen pictures are asked about before rejected ones
    layer = run.prepared.family.network.proj_out
    layer.register_forward_hook(lambda _module, _args, output: output * next(sides))
    outcome = run_slice(run)
    assert (outcome.end, outcome.step) == (End.STOPPED, 5)
    assert "times its usual" in outcome.reason


def test_drift_beyond_its_bound_stops_the_run_and_leaves_the_last_good_adapter(make_run):
    run = make_run(
        beta=10.0, rate=0.2, steps=40, validate_every=1, most_drift=1.15, safeguard=False
    )
    outcome = run_slice(run)
    assert outcome.end is End.STOPPED
    assert "forgets" in outcome.reason
    assert run.state.drift[-1][1] > 1.15
    good = [step for step, ratio in run.state.drift if ratio <= 1.15]
    assert run.prepared.adapter.is_file() == bool(good)
    assert run_slice(run).end is End.STOPPED


def drifting(monkeypatch, *ratios: float) -> None:
    """Let the next validations find these errors."""
    found = iter(ratios)
    monkeypatch.setattr(Prepared, "drift", lambda _self: next(found))


def test_a_run_that_drifts_too_far_late_ends_as_it_was_within_bounds(make_run, monkeypatch):
    drifting(monkeypatch, 1.0, 1.1, 1.3)
    run = make_run(beta=10.0, most_drift=1.15)  # 12 steps, validated every 4
    assert run_slice(run, steps=8).end is End.MORE
    within = run.average.clone()
    again = make_run(beta=10.0, most_drift=1.15, folder=run.prepared.folder)  # as after a kill
    outcome = run_slice(again)
    assert (outcome.end, outcome.step) == (End.FINISHED, 8)
    assert "forgets" in outcome.reason
    assert "as it was after 8" in outcome.reason
    assert again.average.equal(within)
    assert (again.state.kept_drift, again.state.drift[-1]) == (1.1, (12, 1.3))
    family = run.prepared.family
    written = read_adapter(run.prepared.adapter, family.network, family.part)
    for name, (down, up) in again.slot.layers(within).items():
        assert torch.equal(written[name][0], down)
        assert torch.equal(written[name][1], up)
    once_more = make_run(beta=10.0, most_drift=1.15, folder=run.prepared.folder)
    assert run_slice(once_more) == outcome
    assert once_more.average.equal(within)
    before = run.prepared.adapter.read_bytes()
    once_more.prepared.adapter.unlink()  # as on a machine that has the checkpoint alone
    once_more.write_adapter()
    assert run.prepared.adapter.read_bytes() == before


def test_a_run_that_drifts_too_far_early_ends_with_nothing(make_run, monkeypatch):
    drifting(monkeypatch, 1.0, 1.2)
    run = make_run(beta=10.0, most_drift=1.15, validate_every=2)  # a third of 12 is 4
    outcome = run_slice(run)
    assert (outcome.end, outcome.step) == (End.STOPPED, 4)
    assert "forgets" in outcome.reason


def test_pairs_of_equal_pictures_stop_the_run_because_nothing_tells_them_apart(make_run, tmp_path):
    from generation.learning.rows import Row

    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(np.full((256, 256, 3), 40, dtype="uint8")).save(paths[-1])
    rows = [Row(f"r{i}", "fish", paths[2 * i], paths[2 * i + 1], 1.0, 1.0) for i in range(4)]
    outcome = run_slice(make_run(rows=rows))
    assert outcome.end is End.STOPPED
    assert "no pair apart" in outcome.reason


@pytest.mark.faults
def test_two_processes_learn_what_one_does(job, tmp_path):
    folder, alone = tmp_path / "two", tmp_path / "one"
    for place in (folder, alone):
        write_job(place, job(steps=6, beta=100.0))
    run = open_run(alone, device="cpu")
    run_slice(run)
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    launch += ["--main_process_port", "0", "-m", "generation.learning"]
    process = start(folder, "--device", "cpu", "--threads", "1", command=launch)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-2000:]
    assert json.loads(out.splitlines()[-1]) == {"end": "finished", "step": 6, "reason": ""}
    both = load_tensors(folder / "checkpoint.safetensors")[0]["vector"]
    far = (run.state.vector - run.slot.fresh(0)).abs().max()
    assert (both - run.state.vector).abs().max() < 0.02 * far


def test_an_unsaved_checkpoint_is_an_error_of_its_own(make_run, tmp_path):
    run = make_run()
    run_slice(run, steps=1)
    blocked = run.prepared.folder
    (blocked / "checkpoint.safetensors").unlink()
    (blocked / "checkpoint.safetensors").mkdir()
    with pytest.raises(CheckpointUnsaved, match="could not be saved"):
        run.save()
