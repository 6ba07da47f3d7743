"""One thing in a bundle changed: the verifier says where, also when the manifest was made anew."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from curation.accounts.messages import instant
from curation.ballots.receipts import written
from tests.curation.standings.verifying import Verifier, bent, one, opened, sealed, true_bundle

pytestmark = pytest.mark.django_db
Bundle = dict[str, Any]
SIGNATURE = 130  # hex digits of 65 bytes
Change = Callable[[Bundle], str]  # returns words that name the place


@pytest.fixture
def verify(tmp_path) -> Verifier:
    return Verifier(tmp_path)


def counted(bundle: Bundle) -> dict[str, Any]:
    """A ballot by a browser's key that counts in full."""
    rows = (row for row in bundle["ballots"] if row["why"] == "counted")
    return next(row for row in rows if row["signer"] != "wallet")


def ballot(name: str, value: Callable[[Any], Any], words: str, /, **facts: object) -> Change:
    """A change of one field of a ballot."""

    def change(bundle: Bundle) -> str:
        row = one(bundle["ballots"], **facts) if facts else counted(bundle)
        place = row["digest"] if name != "digest" else bent(row["digest"])
        row[name] = value(row[name])
        return f"{place}{words}"

    return change


def shifted(days: float) -> Callable[[str], str]:
    return lambda text: written(instant(text) + timedelta(days=days))


def moved(bundle: Bundle) -> str:
    row = one(bundle["ballots"], anchor=0)
    row["anchor"] = 1
    return "anchor 0: count is"


BALLOTS: dict[str, Change] = {
    "digest": ballot("digest", bent, ": its fields have another digest"),
    "chosen": ballot("chosen", bent, ": its fields have another digest"),
    "rejected": ballot("rejected", bent, ": its fields have another digest"),
    "outcome": ballot("outcome", lambda _: 2, ": its fields have another digest"),
    "nonce": ballot("nonce", lambda n: n + "7", ": its fields have another digest"),
    "issued_at": ballot("issued_at", lambda n: n + 1, ": its fields have another digest"),
    "issued early": ballot("issued_at", lambda n: n - 10**6, ": it is dated before the round"),
    "issued late": ballot("issued_at", lambda n: n + 10**6, ": it is dated before the round"),
    "voter": ballot("voter", lambda _: "0x" + "22" * 20, ": its fields have another digest"),
    "signature": ballot("signature", bent, ": did:key:"),
    "wallet signature": ballot("signature", lambda t: bent(t, 70), ": 0x", wallet="eoa"),
    "short signature": ballot("signature", lambda t: t[:-2], ": 0x", wallet="eoa"),
    "signer": ballot("signer", lambda _: "wallet", ": 0x"),
    "accepted late": ballot("accepted_at", shifted(1), ": it was not accepted while"),
    "accepted early": ballot("accepted_at", shifted(-1), ": it was not accepted while"),
    "delegation": ballot("delegation", lambda n: n + 1 if n < 5 else n - 1, ": did:key:"),
    "no delegation": ballot("delegation", lambda _: 99, ": nothing can be made of it"),
    "anchor": moved,
    "weight": ballot("weight", lambda w: w + 2**-40, " of 0x"),
    "why": ballot("why", lambda _: "capped", " of 0x"),
    "weight of none": ballot("weight", lambda _: 1.0, " of 0x", why="no_reputation"),
    "served after all": ballot("pair", lambda _: "preference", " of 0x", why="unserved"),
    "not served": ballot("pair", lambda _: "", " of 0x"),
    "a test": ballot("pair", lambda _: "gold", ": its pair is of another kind"),
    "a trial": ballot("pair", lambda _: "trial", ": its pair is of another kind"),
    "no test": ballot("pair", lambda _: "preference", ": its pair is of another kind", why="test"),
}


def section(path: str, value: Callable[[Any], Any], words: str) -> Change:
    """A change somewhere else: `stakes.0.wei`."""

    def change(bundle: Bundle) -> str:
        at: Any = bundle
        *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
        for part in way:
            at = at[part]
        at[last] = value(at[last])
        return words

    return change


def delegated(name: str, value: Callable[[Any], Any], words: str) -> Change:
    """A change in the first delegation that an account signed rather than a contract."""

    def change(bundle: Bundle) -> str:
        row = next(row for row in bundle["delegations"] if len(row["signature"]) == SIGNATURE)
        row[name] = value(row[name])
        return words

    return change


def of(rows: str, name: str, value: Callable[[Any], Any], words: str, /, **facts: object) -> Change:
    """A change in the first row of which this is true."""

    def change(bundle: Bundle) -> str:
        row = one(bundle[rows], **facts)
        row[name] = value(row[name])
        return words.format(**row)

    return change


def more(text: str) -> str:
    return str(int(text) + 10**20)


SECTIONS: dict[str, Change] = {
    "a principal": of("principal", "wei", lambda _: "1", "of {address} is", wei=str(250 * 10**18)),
    "a reputation": of("reputations", "value", lambda v: v - 2**-40, "of {address} is", value=0.9),
    "no reputation": lambda b: f"of {_distrusted(b)} is",
    "a stake": of("stakes", "wei", more, "reward ('{address}', '{digest}')", wei=str(50 * 10**18)),
    "a stake elsewhere": section("stakes.0.digest", bent, "reward "),
    "a conflict less": lambda b: f"of {_staker(b)} is",
    "kin": lambda b: (b["kin"].clear(), "weights: ballot")[1],
    "the pool": section("pool_wei", more, "reward "),
    "parameter cap": section("parameters.cap", lambda _: 2.0, "weights: ballot"),
    "parameter unit": section("parameters.unit_wei", lambda _: "1", "weights: ballot"),
    "parameter candidate": section("parameters.candidate_cap", lambda _: 2.5, "weights: ballot"),
    "parameter cluster": section("parameters.cluster_cap", lambda _: 5.0, "weights: ballot"),
    "parameter prior": section("parameters.prior_deviation", lambda _: 1.4, "score is"),
    "parameter shares": section("parameters.shares_bps.1", lambda _: 2000, "winners should be"),
    "parameter least": section("parameters.least_weight_to_win", lambda _: 99.0, "winners should"),
    "parameter grace": section("parameters.grace_s", lambda _: 5, "its pair had been decided"),
    "a standing's score": section("standings.3.score", lambda s: round(s + 1e-6, 6), "score is"),
    "a standing's deviation": section("standings.2.deviation", lambda s: s + 1e-6, "deviation is"),
    "a standing's weight": section("standings.2.weight", lambda s: s + 2**-40, "weight is"),
    "a standing's comparisons": section(
        "standings.2.comparisons", lambda n: n + 1, "comparisons is"
    ),
    "a standing's rank": section("standings.2.rank", lambda _: 9, "rank is 9, should be 3"),
    "a standing less": lambda b: f"{b['standings'].pop()['digest']} is None, should be",
    "a winner's share": section("winners.0.share_bps", lambda n: n - 1, "winners should be"),
    "a winner": section("winners.0.digest", bent, "winners should be"),
    "principal without a snapshot": section("snapshot", lambda _: None, "but no snapshot"),
    "no winner": section("winners", lambda _: [], "winners should be"),
    "a reason against": section("no_winner", lambda _: "Rain.", "no_winner is not what"),
    "a reward": section("rewards.1.wei", lambda t: str(int(t) - 1), "reward "),
    "a reward less": lambda b: f"reward ('{b['rewards'].pop()['address']}'",
    "a root": section("anchors.1.root", bent, "anchor 1: root is"),
    "an earlier root": section("anchors.0.root", bent, "anchor 0: root is"),
    "an anchor's count": section("anchors.0.count", lambda n: n - 1, "anchor 0: count is"),
    "an anchor less": lambda b: (b["anchors"].pop(0), "anchor")[1],
    "the chain's root": section("chain.roots.1", bent, "last root does not cover"),
    "an earlier root of the chain": section("chain.roots.0", bent, "is no anchor's"),
    "the chain": section("chain.id", lambda n: n + 1, "its fields have another digest"),
    "the contract": section("chain.contract", lambda _: "0x" + "22" * 20, "another digest"),
    "the end": section("chain.refundable", lambda _: "Vetoed.", "winners should be {}"),
    "the site": section("site.url", lambda u: u + "x", "its message does not trust this key"),
    "the round": section("round.id", lambda n: n + 1, "its fields have another digest"),
    "the opening": section("round.opened_at", shifted(0.02), "not accepted while the round"),
    "the close": section("round.closes_at", shifted(-0.02), "not accepted while the round"),
    "a hidden candidate": of(
        "candidates", "status", lambda _: "published", "of 0x", status="hidden"
    ),
    "a candidate hidden": section("candidates.3.status", lambda _: "hidden", "of 0x"),
    "an anchored candidate": section("candidates.0.anchored", lambda _: False, "winners should be"),
    "a twin": section("candidates.3.trial", lambda _: True, "of 0x"),
    "a candidate less": lambda b: (b["candidates"].pop(2), "its pair is of another kind")[1],
}


def _distrusted(bundle: Bundle) -> str:
    row = one(bundle["reputations"], value=0.9)
    bundle["reputations"].remove(row)
    return row["address"]


def _staker(bundle: Bundle) -> str:
    row = one(bundle["ballots"], why="staked")
    bundle["stakes"] = [each for each in bundle["stakes"] if each["address"] != row["voter"]]
    return row["voter"]


DELEGATIONS: dict[str, Change] = {
    "message": delegated("message", lambda t: t.replace("costs", "cost"), "does not trust"),
    "another statement": delegated("message", lambda t: t + "\n- x", "does not trust"),
    "signature": delegated("signature", lambda t: bent(t, 70), "did not sign it"),
    "proof": delegated("proof", bent, "its key did not sign it"),
    "address": delegated("address", lambda _: "0x" + "22" * 20, "does not trust this key"),
    "key": delegated("key", lambda k: k[:-1] + "2", "delegations"),
    "expires_at": delegated("expires_at", shifted(1), "expires at another time"),
    "accepted_at": delegated("accepted_at", shifted(1), "not delegated to yet"),
    "accepted too early": delegated("accepted_at", shifted(-1), "times do not fit"),
    "revoked_at": delegated(
        "revoked_at", lambda _: "2020-01-01T00:00:00.000000Z", "its key was revoked"
    ),
    "less": lambda b: (b["delegations"].pop(0), "has another delegation")[1],
}
CHANGES = {
    **{f"ballot: {name}": change for name, change in BALLOTS.items()},
    **{f"delegation: {name}": change for name, change in DELEGATIONS.items()},
    **SECTIONS,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_with_its_place(verify, name):
    bundle = opened(true_bundle())
    words = CHANGES[name](bundle)
    code, said = verify(sealed(bundle))
    assert code == 1, said
    assert "manifest: equal" in said
    assert words in said, (words, said)
    assert said.endswith("\nnot equal\n")
    code, said = verify(sealed(bundle, manifest=False))
    assert code == 1
    assert "SHA-256 of" in said


COMMITTED: dict[str, Change] = {
    "code version": section("code_version", bent, "code_version"),
    "receipt key": section("receipt_key", lambda k: k[:-1] + "2", "receipt_key"),
    "snapshot": section("snapshot.block", lambda n: n + 1, "snapshot"),
    "prompt": section("candidates.0.prompt", lambda t: t + "!", "candidates"),
    "brief": section("round.brief", lambda t: t + "!", "round"),
    "newcomers": section("parameters.newcomers_count", lambda b: not b, "parameters"),
    "acceptance": ballot(
        "accepted_at", lambda t: written(instant(t) + timedelta(microseconds=1)), ""
    ),
}


@pytest.mark.parametrize("name", COMMITTED)
def test_what_cannot_be_computed_is_held_by_the_manifest_and_the_bundle_hash(verify, name):
    bundle = opened(true_bundle())
    words = COMMITTED[name](bundle)
    code, said = verify(sealed(bundle, manifest=False))
    assert code == 1
    assert "SHA-256 of" in said
    assert words in said or name == "acceptance"
    known = hashlib.sha256(true_bundle()).hexdigest()
    code, said = verify(sealed(bundle), "--bundle-hash", known)
    assert code == 1
    assert "the file: its SHA-256 is" in said


def test_the_manifest_itself_is_told(verify):
    for name in opened(true_bundle())["manifest"]:
        bundle = opened(true_bundle())
        bundle["manifest"][name] = bent(bundle["manifest"][name])
        code, said = verify(sealed(bundle, manifest=False))
        assert code == 1
        assert f"SHA-256 of {name} is {bundle['manifest'][name]}" in said


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("ballots", "two ballots have the same digest"),
        ("candidates", "two candidates have the same digest"),
        ("stakes", "two stakes have the same address and digest"),
        ("reputations", "two reputations have the same address"),
        ("principal", "two principal have the same address"),
        ("anchors", "two anchors have the same index"),
        ("standings", "two standings have the same digest"),
        ("rewards", "two rewards have the same address and digest"),
    ],
)
def test_a_row_twice_is_told(verify, rows, words):
    bundle = opened(true_bundle())
    bundle[rows].append(dict(bundle[rows][0]))
    code, said = verify(sealed(bundle))
    assert code == 1
    assert words in said


def test_a_nonce_used_twice_is_told(verify):
    bundle = opened(true_bundle())
    [(busiest, _)] = Counter(row["voter"] for row in bundle["ballots"]).most_common(1)
    rows = [row for row in bundle["ballots"] if row["voter"] == busiest]
    rows[1]["nonce"] = rows[0]["nonce"]
    code, said = verify(sealed(bundle))
    assert code == 1
    assert "two ballots of a voter have the same nonce" in said


def test_a_file_spelled_otherwise_is_told(verify):
    text = true_bundle()
    for other in (text + b"\n", text.replace(b'"format":', b'"format": ', 1)):
        code, said = verify(other)
        assert code == 1
        assert "not spelled as bundles are" in said
    twice = text.replace(b'{"anchors":', b'{"format":"x","anchors":', 1)
    assert verify(twice)[0] == 1
