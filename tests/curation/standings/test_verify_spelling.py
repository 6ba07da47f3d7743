"""One thing under two names in a bundle: the verifier says which row is off, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from curation.accounts.messages import instant
from curation.ballots.receipts import written
from curation.standings.parameters import Parameters
from tests.curation.standings.full_round import Court, crowd
from tests.curation.standings.verifying import (
    DIFFERENT,
    EQUAL,
    UNCONFIRMED,
    Verifier,
    one,
    opened,
    program,
    published,
    sealed,
    true_bundle,
)

pytestmark = pytest.mark.django_db
Respelled = Callable[[str], str]


@pytest.fixture
def verify(tmp_path) -> Verifier:
    return Verifier(tmp_path)


def bare(text: str) -> str:
    return text.lstrip("0") or "0"


SPELLINGS: dict[str, tuple[list[str], list[Respelled]]] = {
    "digests": (
        [
            "ballots.digest ballots.chosen ballots.rejected candidates.digest standings.digest",
            "stakes.digest rewards.digest winners.digest anchors.root",
        ],
        [str.upper, "0x{}".format, " {}".format, "{}\n".format, lambda text: text[1:]],
    ),
    "addresses": (
        [
            "ballots.voter stakes.address kin.one kin.other principal.address reputations.address",
            "rewards.address delegations.address",
        ],
        [str.lower, lambda text: text[2:], "0X{}".format, lambda text: f"{text}\n"],
    ),
    "numbers": (
        ["ballots.nonce stakes.wei principal.wei rewards.wei"],
        ["0{}".format, "+{}".format, " {}".format, "{}_0".format, "-{}".format],
    ),
}
CASES = [
    (field, number, spell)
    for places, spells in SPELLINGS.values()
    for field in " ".join(places).split()
    for number, spell in enumerate(spells)
]


@pytest.mark.parametrize(("field", "number", "spell"), CASES)
def test_threat_32_a_row_that_is_spelled_otherwise_is_told(verify, field, number, spell):
    bundle, (section, name) = opened(true_bundle()), field.split(".")
    rows = bundle[section]
    place = next(n for n, row in enumerate(rows) if spell(row[name]) != row[name])
    rows[place][name] = spell(rows[place][name])
    code, said = verify(sealed(bundle))
    assert code == DIFFERENT
    assert f"{section} {place}: {name} " in said, said


@pytest.mark.parametrize(
    ("path", "spell"),
    [("roots", str.upper), ("contract", str.lower), ("pool_wei", "0{}".format)],
)
def test_threat_32_the_chain_is_spelled_in_one_way_too(verify, path, spell):
    bundle = opened(true_bundle())
    if path == "roots":
        bundle["chain"]["roots"][0] = spell(bundle["chain"]["roots"][0])
    elif path == "contract":
        bundle["chain"]["contract"] = spell(bundle["chain"]["contract"])
    else:
        bundle[path] = spell(bundle[path])
    code, said = verify(sealed(bundle))
    assert code == DIFFERENT
    assert "is not spelled as bundles do" in said


def test_threat_32_a_conflict_of_interest_does_not_vanish_in_lower_case(verify):
    bundle = opened(true_bundle())
    staked = one(bundle["ballots"], why="staked")
    for number, row in enumerate(bundle["stakes"]):
        if row["address"] == staked["voter"]:
            row["address"] = row["address"].lower()
            place = number
    code, said = verify(sealed(bundle))
    assert code == DIFFERENT
    assert f"stakes {place}: address {staked['voter'].lower()} is not spelled" in said


REPUTATIONS: dict[str, tuple[str, Callable[[dict[str, Any]], object], bool]] = {
    "above one": ("is no reputation", lambda _: {"value": 1.5}, False),
    "below zero": ("is no reputation", lambda _: {"value": -0.5}, False),
    "late": (
        "after the round had opened",
        lambda r: {"frozen_at": later(r["opened_at"], 1)},
        False,
    ),
    "too late": ("after the round had closed", lambda r: {"frozen_at": r["closes_at"]}, True),
}


def later(text: str, seconds: float) -> str:
    return written(instant(text) + timedelta(seconds=seconds))


@pytest.mark.parametrize("name", REPUTATIONS)
def test_threat_32_reputations_nobody_can_have_are_told(verify, name):
    words, change, newcomers = REPUTATIONS[name]
    bundle = opened(true_bundle())
    bundle["parameters"]["newcomers_count"] = newcomers
    row = bundle["reputations"][0]
    row.update(change(bundle["round"]))
    code, said = verify(sealed(bundle))
    assert code == DIFFERENT
    lines = [line for line in said.splitlines() if row["address"] in line]
    assert any(words in line for line in lines), said


def test_newcomers_reputations_may_be_of_the_round_where_parameters_say_so(verify):
    bundle = opened(true_bundle())
    bundle["parameters"]["newcomers_count"] = True
    row = bundle["reputations"][0]
    row["frozen_at"] = later(bundle["round"]["closes_at"], -1)
    code, said = verify(sealed(bundle))
    assert code == UNCONFIRMED, said
    assert "parameters differ from the usual: newcomers_count True for False" in said


def test_usual_parameters_are_the_sites_and_others_are_named(verify):
    assert Parameters().as_json() == program().USUAL
    bundle = opened(true_bundle())
    bundle["parameters"]["newcomers_count"] = False
    assert "differ from the usual" not in verify(sealed(bundle))[1]
    bundle["parameters"] |= {"cap": 2.0, "mood": 1}
    said = verify(sealed(bundle))[1]
    assert "parameters differ from the usual: cap 2.0 for 3.0, mood 1 for None\n" in said


@pytest.mark.parametrize("name", ["score", "deviation"])
def test_threat_32_ties_are_not_reordered_within_the_tolerance(verify, name):
    bundle = opened(true_bundle())
    row = bundle["standings"][1]
    row[name] += 1e-9
    code, said = verify(sealed(bundle))
    assert code == DIFFERENT
    assert f"{row['digest']}: score or deviation has more than six decimals" in said


def test_wallets_of_contracts_are_listed_and_never_plainly_equal(verify):
    code, said = verify(true_bundle())
    rows = [row for row in opened(true_bundle())["ballots"] if row["wallet"] == "erc1271"]
    assert code == UNCONFIRMED
    for row in rows:
        assert f"unconfirmed: {row['voter']}, ballot {row['digest']}\n" in said
    assert f"unconfirmed: {rows[0]['voter']}, delegation of did:key:" in said
    assert said.endswith("\nequal, but 2 signatures of contract wallets are unconfirmed\n")


def test_without_a_node_it_says_that_the_chain_was_not_asked(verify):
    court = Court(candidates=2)
    crowd(court, (1.0,))[0].vote(*court.digests)
    court.close()
    code, said = verify(published(court))
    assert code == EQUAL
    assert said.endswith(f"\n{program().OFFLINE}\nequal\n")
