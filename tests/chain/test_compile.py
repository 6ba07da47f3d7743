"""`make contracts` and the check that the committed artifacts are what it writes."""

import json
import subprocess
from pathlib import Path

import pytest

from project.env import BASE

GOOD = """// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

interface IDoor {
    function open() external;
}

contract Door is IDoor, Ownable {
    constructor() Ownable(msg.sender) {}

    function open() external onlyOwner {}
}
"""


def compiled(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ("node", "chain/compile.mjs", *arguments)
    return subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts" / "doors"
    folder.mkdir(parents=True)
    (folder / "Door.sol").write_text(GOOD)
    return tmp_path / "contracts"


def into(sources: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return compiled("--sources", str(sources), "--out", str(sources.parent / "abi"), *more)


def test_committed_artifacts_are_what_the_sources_compile_to():
    result = compiled("--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_artifact_holds_abi_and_code_of_own_contracts_and_interfaces(sources):
    assert into(sources).returncode == 0
    written = {path.name for path in (sources.parent / "abi").iterdir()}
    assert written == {"Door.json", "IDoor.json"}  # nothing of the package
    door = json.loads((sources.parent / "abi" / "Door.json").read_text())
    assert list(door) == ["contract", "source", "compiler", "abi", "bytecode", "deployedBytecode"]
    assert door["compiler"].startswith("0.8.30+commit.")
    assert len(door["bytecode"]) > len(door["deployedBytecode"]) > 100
    assert "a264697066735822" not in door["bytecode"]  # no metadata, which would name paths


def test_check_says_what_differs_and_writes_nothing(sources):
    into(sources)
    abi = sources.parent / "abi"
    assert into(sources, "--check").returncode == 0
    (abi / "Door.json").write_text("{}")
    (abi / "IDoor.json").unlink()
    (abi / "Window.json").write_text("{}")
    result = into(sources, "--check")
    assert result.returncode == 1
    assert result.stderr.splitlines()[:3] == [
        "Door.json is out of date",
        "IDoor.json is missing",
        "Window.json belongs to no contract",
    ]
    assert "make contracts" in result.stderr
    assert (abi / "Door.json").read_text() == "{}"
    into(sources)
    assert not (abi / "Window.json").exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("onlyOwner {}", "onlyOwner { uint256 unused; }"), "Unused local variable"),
        (("@openzeppelin/contracts/access", "@openzeppelin/../../access"), "not a file"),
        (("@openzeppelin/contracts/access/Ownable.sol", "../../../etc/x.sol"), "not a file"),
    ],
)
def test_errors_warnings_and_imports_from_elsewhere_stop_it(sources, change, complaint):
    door = sources / "doors" / "Door.sol"
    door.write_text(door.read_text().replace(*change))
    result = into(sources)
    assert result.returncode == 1
    assert complaint in result.stderr
    assert not (sources.parent / "abi").exists()


def test_two_contracts_of_one_name_are_refused(sources):
    (sources / "Door.sol").write_text(GOOD)
    result = into(sources)
    assert result.returncode == 1
    assert "Two contracts are called" in result.stderr
