"""Runs forge over the contracts' tests and reads what it says."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from typing import Any

from project.env import BASE
from project.stack.chain import MACHINES

INVARIANTS = "chain/forge/invariants/*"
"""Where the campaigns are; everything else is quick."""


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    contract: str
    name: str
    passed: bool
    reason: str
    campaign: dict[str, Any] | None
    """Of an invariant: runs, calls, reverts, metrics."""

    def made(self) -> dict[str, int]:
        """How often each call of a campaign was really made, those discarded left out."""
        assert self.campaign
        return {
            name.rsplit(".", 1)[1]: count["calls"] - count["discards"]
            for name, count in self.campaign["metrics"].items()
        }


def forge_binary() -> str:
    """The forge that npm brought for this machine."""
    machine = platform.machine().lower()
    package = f"forge-{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    return str(BASE / "node_modules" / "@foundry-rs" / package / "bin" / "forge")


def forge(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run forge in the repository; whoever asks looks at the exit status.

    Forge starts the compiler, which is as good as single-threaded; so is each campaign.
    """
    return subprocess.run(
        (forge_binary(), *arguments),
        cwd=BASE,
        env=os.environ | {"FOUNDRY_DISABLE_NIGHTLY_WARNING": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def outcomes(*arguments: str, **environment: str) -> list[Outcome]:
    """Every test that forge ran.

    Raises:
        AssertionError: nothing was run; with what forge said.
    """
    done = forge("test", "--json", *arguments, **environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr
    return [
        Outcome(
            contract=suite.rsplit(":", 1)[1],
            name=name.split("(", 1)[0],
            passed=test["status"] == "Success",
            reason=test["reason"] or "",
            campaign=test["kind"].get("Invariant"),
        )
        for suite, found in json.loads(lines[-1]).items()
        for name, test in found["test_results"].items()
    ]
