"""Faults to plant in Curation.sol, each a hole that the campaigns must find.

A mutant is made from the real source by replacing texts, so that it stays the real contract but for
its fault; a text that is not found exactly once is an error, not a mutant.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from chain.artifacts import bytecode
from project.env import BASE

SOURCES = BASE / "chain" / "contracts"

TAKE_OUT = "        stakeOf[round][msg.sender][candidate] = 0;\n"
MOVE_OUT = "        _movePrincipal(msg.sender, _lockedNow(msg.sender) - principal);\n"
PAY_OUT = "        token.safeTransfer(msg.sender, principal + reward);\n"
CUT = "return Math.mulDiv(share, principal, stakedBehind[round][candidate]);"
PUSH = "_principal[account].push(uint48(block.timestamp), SafeCast.toUint208(to));"
OVERWRITE = f"""Checkpoints.Trace208 storage trace = _principal[account];
        if (trace.length() == 0) {PUSH.replace("_principal[account]", "trace")}
        else trace._checkpoints[trace.length() - 1]._value = SafeCast.toUint208(to);"""
NAMED = "contract Curation is "
GUARDED = "nonReentrant\n        returns (uint256 principal, uint256 reward)"

BOOKS = "invariant_01_02_04_10"
OVER_TIME = "invariant_05_07_09"


@dataclass(frozen=True)
class Mutant:
    """A fault, and the invariant that must be the one to notice."""

    name: str
    replaced: tuple[tuple[str, str], ...]
    caught_by: str

    def source(self) -> str:
        """The contract with the fault in it."""
        text = (SOURCES / "Curation.sol").read_text()
        for old, new in self.replaced:
            assert text.count(old) == 1, f"{self.name}: {old!r} is not there exactly once"
            text = text.replace(old, new)
        assert text.count(NAMED) == 1
        return text


MUTANTS = (
    Mutant("double claim", ((TAKE_OUT, ""),), BOOKS),
    Mutant(
        "re-entry while paying",
        (
            (GUARDED, GUARDED.replace("nonReentrant\n        ", "")),
            (TAKE_OUT + MOVE_OUT, ""),
            (PAY_OUT, PAY_OUT + TAKE_OUT + MOVE_OUT),
        ),
        "invariant_13",
    ),
    Mutant("rewards rounded up", ((CUT, CUT.replace(");", ", Math.Rounding.Ceil);")),), BOOKS),
    Mutant(
        "double refund",
        (("        fundedBy[round][msg.sender] = 0;\n", ""),),
        BOOKS,
    ),
    Mutant(
        "a share that nobody earned stays inside",
        (("found.returned = found.pool - earned;", "found.returned = 0;"),),
        BOOKS,
    ),
    Mutant(
        "pausing locks everybody in",
        ((GUARDED, GUARDED.replace("nonReentrant", "nonReentrant\n        whenNotPaused")),),
        "invariant_03_12",
    ),
    Mutant(
        "the past is overwritten",
        ((PUSH, OVERWRITE),),
        OVER_TIME,
    ),
    Mutant(
        "a veto opens the round again",
        (
            (
                "found.state = State.Refundable;\n        emit",
                "found.state = State.Open;\n        emit",
            ),
        ),
        OVER_TIME,
    ),
)


def compiled(folder: Path) -> dict[str, str]:
    """Every mutant's creation code, compiled as what is deployed is, under a name of its own."""
    sources, out = folder / "contracts", folder / "abi"
    shutil.copytree(SOURCES / "interfaces", sources / "interfaces")
    for number, mutant in enumerate(MUTANTS):
        text = mutant.source().replace(NAMED, f"contract Curation{number} is ")
        (sources / f"Curation{number}.sol").write_text(text)
    command = ("node", "chain/compile.mjs", "--sources", str(sources), "--out", str(out))
    done = subprocess.run(command, cwd=BASE, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    codes = {
        mutant.name: json.loads((out / f"Curation{number}.json").read_text())["bytecode"]
        for number, mutant in enumerate(MUTANTS)
    }
    real = f"0x{bytecode('Curation').hex()}"
    assert [name for name, code in codes.items() if code == real] == []
    return codes
