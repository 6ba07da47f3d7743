"""The contracts' own tests, run by forge, and that they would notice a hole."""

from __future__ import annotations

import json
import os
import re
import secrets
from pathlib import Path

import pytest

from chain.artifacts import bytecode
from project.env import BASE

from .forging import INVARIANTS, Outcome, forge, outcomes
from .mutants import MUTANTS, Mutant, compiled

SOAK = os.environ.get("SALON_SOAK") == "1"
RUNS, CALLS = (25_600, 128) if SOAK else (256, 128)
HOSTILE = 3_200 if SOAK else RUNS  # in a soak these campaigns bring their own number of runs
GAS = "chain/forge/gas/*"
FORGE_OUT = BASE / "node_modules" / ".cache" / "forge" / "out"

STATES = {
    "open": "a round is opened",
    "propose": "a result is proposed",
    "veto": "a result is vetoed",
    "cancel": "a round is cancelled",
    "missTheResult": "a result deadline passes",
    "settle": "a round is settled",
    "withdraw": "somebody takes out principal",
    "withdrawAll": "everybody does",
    "refund": "a funder takes something back",
    "refundAll": "every funder does",
    "pauseOrGoOn": "the contract is paused and goes on",
}
"""What has to happen in a campaign for it to prove anything."""


@pytest.fixture(scope="module")
def quick() -> list[Outcome]:
    """All tests but the campaigns."""
    return outcomes("--no-match-path", INVARIANTS)


@pytest.fixture(scope="module")
def campaigns() -> list[Outcome]:
    """The campaigns; in a soak a hundred times as long, from a seed never used before."""
    if not SOAK:
        return outcomes("--match-path", INVARIANTS)
    seed = f"0x{secrets.token_hex(16)}"
    print(f"\nseed {seed}")
    return outcomes("--match-path", INVARIANTS, FOUNDRY_PROFILE="soak", FOUNDRY_FUZZ_SEED=seed)


def test_every_unit_and_fuzz_test_of_the_contracts_passes(quick: list[Outcome]):
    assert not [f"{o.contract}.{o.name}: {o.reason}" for o in quick if not o.passed]
    assert len(quick) >= 80


def test_campaigns_find_no_invariant_broken(campaigns: list[Outcome]):
    assert not [f"{o.name}: {o.reason}" for o in campaigns if not o.passed]
    assert len(campaigns) == 5


def test_campaigns_make_all_their_calls_and_none_of_them_fails(campaigns: list[Outcome]):
    for outcome in campaigns:
        done = outcome.campaign
        assert done
        assert done["reverts"] == 0
        assert done["calls"] == done["runs"] * CALLS
        hostile = outcome.contract == "HostileCampaignTest"
        assert done["runs"] >= (HOSTILE if hostile else RUNS)


def test_campaigns_reach_every_state_many_times(campaigns: list[Outcome]):
    for outcome in campaigns:
        assert outcome.campaign
        made, runs = outcome.made(), outcome.campaign["runs"]
        rare = [f"{what}: {made[call]}" for call, what in STATES.items() if made[call] < runs]
        assert not rare, f"{outcome.name}: less than once a run: {rare}"
        assert made["stake"] + made["stakeWithUsedPermit"] > 10 * runs


def test_each_of_the_fourteen_invariants_and_contract_threats_has_a_test(
    quick: list[Outcome], campaigns: list[Outcome]
):
    names = [outcome.name for outcome in quick + campaigns]
    invariants, threats = set(), set()
    for name in names:
        if found := re.search(r"invariant((?:_\d\d)+)", name):
            invariants.update(found[1].strip("_").split("_"))
        threats.update(re.findall(r"threat_(\d\d)", name))
    assert sorted(invariants) == [f"{n:02}" for n in range(1, 15)]
    assert sorted(threats) == ["08", "09", "12", "13", "14", "15", "28", "29"]


def test_forge_tests_the_very_code_that_is_deployed(quick: list[Outcome]):
    for contract in ("Curation", "Faucet", "SalonToken"):
        built = json.loads((FORGE_OUT / f"{contract}.sol" / f"{contract}.json").read_text())
        assert bytes.fromhex(built["bytecode"]["object"][2:]) == bytecode(contract)


def test_gas_is_within_one_per_cent_of_the_snapshot():
    done = forge("snapshot", "--check", ".gas-snapshot", "--tolerance", "1", "--match-path", GAS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def mutants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The code of every mutant: together they compile in a third of the time."""
    return compiled(tmp_path_factory.mktemp("mutants"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_campaigns_find_a_planted_fault(
    mutant: Mutant, mutants: dict[str, str], tmp_path: Path, campaigns: list[Outcome]
):
    found = outcomes(
        "--match-path",
        INVARIANTS,
        "--match-test",
        f"^{mutant.caught_by}",
        CURATION_CODE=mutants[mutant.name],
        FOUNDRY_INVARIANT_RUNS="32",
        FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT="0",
        FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR=str(tmp_path / "failures"),
    )
    assert [outcome.name.startswith(mutant.caught_by) for outcome in found] == [True]
    assert not found[0].passed, f"{mutant.name} went unnoticed"
    print(f"{mutant.name}: {found[0].reason}")
