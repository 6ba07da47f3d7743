"""What a ballot weighs: rules that hold for any votes, and threat 18."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.standings.parameters import WEI, Parameters
from curation.standings.weights import Line, ballot_weights, base_weight, clusters

PARAMETERS = Parameters()
SLACK = 1 + 1e-12  # of sums of rounded products

reputations = st.floats(0, 1)
principals = st.integers(0, 2**208)
names = st.sampled_from("abcdefgh")


@st.composite
def votes(draw) -> list[Line]:
    """Ballots of a few voters in a few clusters about a few candidates."""
    bases = {name: draw(st.floats(0, 3)) for name in "abcdefgh"}
    cluster = {name: draw(st.sampled_from("xyz")) for name in bases}
    pairs = st.lists(st.sampled_from("1234567"), min_size=2, max_size=2, unique=True)
    drawn = draw(st.lists(st.tuples(names, pairs), max_size=60))
    return [Line(voter, cluster[voter], *pair, bases[voter]) for voter, pair in drawn]


def sums(lines: list[Line], weights: list[float], owner: str) -> dict[tuple[str, str], float]:
    """Σ weights by voter or cluster, and candidate."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for line, weight in zip(lines, weights, strict=True):
        for candidate in (line.one, line.other):
            found[getattr(line, owner), candidate] += weight
    return found


@pytest.mark.parametrize(
    ("tokens", "weight"),
    [(0, 1.0), (1, 1.0), (100, 1.0), (225, 1.5), (400, 2.0), (900, 3.0), (901, 3.0), (10**60, 3.0)],
)
def test_principal_counts_as_a_capped_square_root(tokens, weight):
    assert base_weight(1.0, tokens * WEI, PARAMETERS) == weight
    assert base_weight(0.5, tokens * WEI, PARAMETERS) == weight / 2


@given(reputations, principals)
def test_no_principal_buys_more_than_the_cap_and_none_is_needed(reputation, principal_wei):
    weight = base_weight(reputation, principal_wei, PARAMETERS)
    assert reputation <= weight <= PARAMETERS.cap * reputation


@given(principals)
def test_without_a_reputation_nothing_weighs(principal_wei):
    assert base_weight(0.0, principal_wei, PARAMETERS) == 0


@given(reputations, reputations, principals)
def test_weight_rises_with_reputation(one, other, principal_wei):
    low, high = sorted((one, other))
    weights = [base_weight(r, principal_wei, PARAMETERS) for r in (low, high)]
    assert weights[0] <= weights[1]


@given(reputations, st.integers(1, 2**200), st.integers(1, 255))
def test_weight_never_grows_faster_than_the_root_of_principal(reputation, principal_wei, times):
    one = base_weight(reputation, principal_wei, PARAMETERS)
    many = base_weight(reputation, principal_wei * times, PARAMETERS)
    assert one <= many <= one * math.sqrt(times) * SLACK


@given(votes())
def test_no_ballot_weighs_more_than_its_voter(lines):
    assert all(
        0 <= weight <= line.raw
        for line, weight in zip(lines, ballot_weights(lines, PARAMETERS), strict=True)
    )


@given(votes(), st.floats(0.1, 10), st.floats(0.1, 20))
def test_voters_and_clusters_stay_under_their_caps_with_every_candidate(lines, candidate, cluster):
    parameters = replace(PARAMETERS, candidate_cap=candidate, cluster_cap=cluster)
    weights = ballot_weights(lines, parameters)
    assert all(w <= candidate * SLACK for w in sums(lines, weights, "voter").values())
    assert all(w <= cluster * SLACK for w in sums(lines, weights, "cluster").values())


@given(votes(), st.randoms(use_true_random=False))
def test_weights_are_the_same_bits_in_any_order(lines, rng):
    weights = ballot_weights(lines, PARAMETERS)
    order = list(range(len(lines)))
    rng.shuffle(order)
    shuffled = [lines[place] for place in order]
    turned = [replace(line, one=line.other, other=line.one) for line in shuffled]
    assert ballot_weights(turned, PARAMETERS) == [weights[place] for place in order]


@given(votes())
def test_below_all_caps_every_ballot_weighs_what_its_voter_does(lines):
    parameters = replace(PARAMETERS, candidate_cap=1e9, cluster_cap=1e9)
    assert ballot_weights(lines, parameters) == [line.raw for line in lines]


def test_a_voter_alone_on_a_candidate_is_brought_down_to_the_cap():
    lines = [Line("a", "a", "target", str(n), 1.5) for n in range(8)]
    assert ballot_weights(lines, PARAMETERS) == [1.5 * (3.0 / 12.0)] * 8
    others = [Line("a", "a", f"{n}", f"{n}'", 1.5) for n in range(8)]
    assert ballot_weights(lines + others, PARAMETERS)[8:] == [1.5] * 8


def test_a_ballot_that_counts_nothing_takes_nothing_from_the_others():
    counted = [Line("a", "a", "1", "2", 1.0), Line("a", "a", "1", "3", 1.0)]
    void = [Line("a", "a", "1", str(n), 0.0) for n in range(4, 90)]
    assert ballot_weights(counted + void, PARAMETERS) == [1.0, 1.0] + [0.0] * 86


def test_a_wallet_and_its_kin_share_the_cluster_cap():
    kin = [(f"w{n}", f"w{n + 1}") for n in range(9)]
    heads = clusters([f"w{n}" for n in range(10)], kin)
    lines = [Line(f"w{n}", heads[f"w{n}"], "target", str(n), 2.0) for n in range(10)]
    assert math.fsum(ballot_weights(lines, PARAMETERS)) == pytest.approx(PARAMETERS.cluster_cap)
    apart = [replace(line, cluster=line.voter) for line in lines]
    assert ballot_weights(apart, PARAMETERS) == [2.0] * 10


def test_clusters_join_through_wallets_that_did_not_vote():
    assert clusters(["c", "a", "d"], [("b", "c"), ("b", "d")]) == {"c": "b", "a": "a", "d": "b"}


@given(st.lists(st.tuples(names, names), max_size=12), st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_of_kin(kin, rng):
    found = clusters("abcdefgh", kin)
    shuffled = [pair if rng.random() < 0.5 else pair[::-1] for pair in rng.sample(kin, len(kin))]
    assert clusters("hgfedcba", shuffled) == found
    assert all(found[one] == found[other] for one, other in kin)
    assert all(head <= voter for voter, head in found.items())


@pytest.mark.parametrize("tokens", [0, 10**6])
@pytest.mark.parametrize("wallets", [1, 20])
def test_threat_18_no_identity_and_no_cluster_has_more_than_its_share(tokens, wallets):
    """400 careful voters with 10 ballots each against 2,000 ballots of one who poisons."""
    rng = random.Random(18)
    candidates = [f"candidate {n}" for n in range(100)]
    voters = [(f"voter {n}", f"voter {n}", 10, 0) for n in range(400)]
    voters += [(f"poisoner {n}", "poisoner", 2000 // wallets, tokens) for n in range(wallets)]
    lines = [
        Line(voter, cluster, *rng.sample(candidates, 2), base_weight(0.9, wei * WEI, PARAMETERS))
        for voter, cluster, ballots, wei in voters
        for _ in range(ballots)
    ]
    cap = PARAMETERS.candidate_cap if wallets == 1 else PARAMETERS.cluster_cap
    assert share_of_poisoners(lines, [line.raw for line in lines]) > 0.3  # without caps
    weights = ballot_weights(lines, PARAMETERS)
    by_candidate = sums(lines, weights, "cluster")
    assert all(by_candidate["poisoner", name] <= cap * SLACK for name in candidates)
    honest = 400 * 10 * 0.9
    stated = cap * len(candidates) / 2  # of weight, as every ballot is about two candidates
    assert share_of_poisoners(lines, weights) <= stated / (stated + honest * 0.99)


def share_of_poisoners(lines: list[Line], weights: list[float]) -> float:
    poison = (w for line, w in zip(lines, weights, strict=True) if line.cluster == "poisoner")
    return math.fsum(poison) / math.fsum(weights)
