"""`python -m benchmarks [name …] [--quick]`: run benchmarks and print one table.

Each runs in a process of its own: settings are read once per process, and each has its own
data folder. A missed target is a figure like any other; only a benchmark that could not be
run makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = (
    "images",
    "wall",
    "sockets",
    "startup",
    "sign_in",
    "indexer",
    "merkle",
    "standings",
    "robustness",
    "pairs",
    "ballots",
    "training_step",
    "promotion_test",
    "promotion",
)
LONG = ("closed_loop", "large_step")  # hours, or on a GPU: run when named, not with the others
ROOT = Path(__file__).resolve().parent.parent


def run(name: str, *, quick: bool) -> list[dict[str, str]] | None:
    """Rows of one benchmark, None when it failed; its log goes to the terminal."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        command = [sys.executable, "-m", f"benchmarks.{name}", "--out", out.name]
        code = subprocess.run([*command, *(["--quick"] if quick else [])], cwd=ROOT, check=False)
        return json.load(out) if code.returncode == 0 else None


def table(rows: list[dict[str, str]]) -> str:
    """Rows aligned in columns, details last."""
    head = {"name": "name", "ratio": "ratio", "target": "target", "details": "details"}
    wide = {key: max(len(row[key]) for row in [head, *rows]) for key in head}
    return "\n".join(
        "  ".join(row[key].ljust(wide[key]) for key in head).rstrip() for row in [head, *rows]
    )


def main() -> int:
    """Run what was named, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name", nargs="*", choices=[*NAMES, *LONG, []], help="which; all but the long ones"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, rough figures")
    options = parser.parse_args()
    rows, failed = [], []
    for name in options.name or NAMES:
        print(f"{name} …", flush=True)
        found = run(name, quick=options.quick)
        failed += [name] if found is None else []
        rows += found or []
    print("\n" + table(rows))
    if failed:
        print(f"Could not be measured: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
