"""The promotion test: its risks under peeking, its size, one factor a voter."""

from __future__ import annotations

import math
import random

import pytest

from generation.learning.errors import PreferencesInvalid
from generation.learning.sequential import (
    PromptTest,
    SequentialTest,
    Terms,
    TwinVote,
    Verdict,
    both,
    fixed_size_votes,
    run_test,
)

RUNS = 1000


def independent(rate, rng, most=3000):
    return (TwinVote(str(n), float(rng.random() < rate)) for n in range(most))


def clustered(rates, rng, *, votes_each, voters):
    """Voters who each have a rate of their own, voting in a random order."""
    order = [v for v in range(voters) for _ in range(votes_each)]
    rng.shuffle(order)
    own = [rng.choice(rates) for _ in range(voters)]
    return (TwinVote(str(v), float(rng.random() < own[v])) for v in order)


def played(votes, terms):
    """Peeks after every vote, as SequentialTest does, and stops at the first verdict."""
    test = SequentialTest(terms)
    for vote in votes:
        if test.see(vote) is not Verdict.GO_ON:
            return test
    test.close()
    return test


def false_promotions(make, terms):
    rng = random.Random(5)
    return sum(played(make(rng), terms).verdict is Verdict.PROMOTE for _ in range(RUNS)) / RUNS


def test_at_most_one_in_twenty_equal_challengers_is_promoted_though_one_peeks_after_every_vote():
    assert false_promotions(lambda rng: independent(0.5, rng), Terms()) <= 0.05


@pytest.mark.parametrize("block", [1, 2, 4, 8])
def test_voters_of_opposite_tastes_do_not_promote_an_equal_challenger(block):
    """Half always prefer one, half the other: votes of one voter are one opinion."""

    def make(rng):
        return clustered((0.0, 1.0), rng, votes_each=8, voters=60)

    assert false_promotions(make, Terms(block=block)) <= 0.05


@pytest.mark.parametrize("block", [2, 4, 8])
def test_fair_votes_in_blocks_do_not_promote_an_equal_challenger(block):
    def make(rng):
        return clustered((0.5,), rng, votes_each=8, voters=60)

    assert false_promotions(make, Terms(block=block)) <= 0.05


def test_a_worse_challenger_is_never_promoted_and_soon_given_up():
    rng = random.Random(2)
    tests = [played(independent(0.4, rng), Terms()) for _ in range(300)]
    assert all(test.verdict is Verdict.REJECT for test in tests)
    assert sum(test.votes for test in tests) / len(tests) < 80


def test_a_better_challenger_needs_under_two_thirds_of_the_votes_of_a_fixed_test():
    rng, terms = random.Random(1), Terms()
    tests = [played(independent(0.6, rng), terms) for _ in range(RUNS)]
    mean = sum(test.votes for test in tests) / RUNS
    missed = sum(test.verdict is not Verdict.PROMOTE for test in tests) / RUNS
    fixed = fixed_size_votes(terms)
    print(f"mean {mean:.0f} votes, fixed {fixed}, ratio {mean / fixed:.3f}, missed {missed:.3f}")
    assert mean / fixed <= 0.65
    assert missed <= 0.12


def test_a_small_community_that_agrees_promotes_by_several_votes_each():
    terms = Terms(block=4)
    votes = [TwinVote(str(v), float(v != 0 or n > 1)) for n in range(4) for v in range(9)]
    test = run_test(votes, terms)
    assert test.verdict is Verdict.PROMOTE
    assert test.voters <= 9


def test_the_fixed_test_keeps_both_risks():
    terms = Terms()
    votes = fixed_size_votes(terms)
    assert 200 <= votes <= 215


def test_with_one_vote_a_voter_it_is_the_likelihood_ratio():
    scores = [1, 1, 0, 1, 0, 1]
    test = run_test([TwinVote(str(i), s) for i, s in enumerate(scores)], Terms())
    expected = sum(math.log(0.6 / 0.5) if s else math.log(0.4 / 0.5) for s in scores)
    assert test.log_evidence == pytest.approx(expected)


def test_a_voter_is_one_factor_however_often_they_vote():
    terms = Terms()
    loud = run_test([TwinVote("a", 1.0)] * 5000, terms)
    once = run_test([TwinVote("a", 1.0)], terms)
    assert loud.log_evidence == once.log_evidence
    for votes in (1, 3, 20, 1000):
        assert max(Terms().bets(votes)) < 0.75


def test_voters_who_left_early_count_when_the_test_is_closed_and_once_only():
    terms = Terms(block=4)
    votes = [TwinVote("a", 1.0), TwinVote("b", 1.0), TwinVote("b", 0.0)]
    test = run_test(votes, terms)
    assert test.log_evidence == 0
    test.close()
    assert test.voters == 2
    assert test.evidence == pytest.approx(1.2)  # one vote is worth one, whatever the block
    for _ in range(8):
        test.see(TwinVote("a", 1.0))
    assert test.evidence == pytest.approx(1.2)


def test_a_prompt_is_one_factor_however_many_vote_on_its_twins():
    test = PromptTest()
    test.see([1.0] * 5000)
    assert test.evidence == pytest.approx(1 + sum(Terms().bets(5000)) / 3)
    assert test.evidence < 1.45
    lone = PromptTest()
    lone.see([1.0])
    assert lone.evidence == pytest.approx(1.2)  # one vote says little, also of a prompt
    with pytest.raises(PreferencesInvalid):
        lone.see([0.5, 2.0])


def test_with_one_vote_a_prompt_and_voter_both_tests_are_one():
    scores = [1.0, 1.0, 0.0, 1.0, 0.5, 1.0]
    prompts = PromptTest()
    for score in scores:
        prompts.see([score])
    voters = run_test([TwinVote(str(i), s) for i, s in enumerate(scores)], Terms())
    assert prompts.log_evidence == pytest.approx(voters.log_evidence)


def test_both_have_to_promote_and_either_gives_up():
    go_on, yes, no = Verdict.GO_ON, Verdict.PROMOTE, Verdict.REJECT
    assert both(yes, yes) is yes
    assert {both(yes, go_on), both(go_on, yes), both(go_on, go_on)} == {go_on}
    assert {both(no, yes), both(yes, no), both(no, go_on)} == {no}


def test_not_deciding_changes_nothing():
    test = run_test([TwinVote(str(i), 0.5) for i in range(50)], Terms())
    assert test.log_evidence == 0
    assert test.verdict is Verdict.GO_ON


def test_a_verdict_is_final():
    won = run_test([TwinVote(str(i), 1.0) for i in range(40)], Terms())
    assert won.verdict is Verdict.PROMOTE
    for i in range(500):
        won.see(TwinVote(f"late{i}", 0.0))
    assert won.verdict is Verdict.PROMOTE
    assert won.votes == 17


def test_what_is_no_score_or_no_test_is_refused():
    with pytest.raises(PreferencesInvalid):
        SequentialTest().see(TwinVote("a", 1.5))
    with pytest.raises(PreferencesInvalid):
        SequentialTest().see(TwinVote("a", math.nan))
    for wrong in ({"hoped": 0.5}, {"false_promotion": 0}, {"missed": 1}, {"block": 0}):
        with pytest.raises(ValueError, match="no test"):
            Terms(**wrong)
