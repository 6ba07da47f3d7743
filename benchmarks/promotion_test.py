"""The blind test of a challenger: its risk under peeking, and its votes ÷ a test of fixed size.

Votes are simulated and looked at after every one. A/A: champion and challenger are equally
good, by fair votes and by voters of opposite tastes. The peer is the exact binomial test of
fixed size with the same two risks.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence

from benchmarks.harness import Row, main, say
from generation.learning.sequential import (
    SequentialTest,
    Terms,
    TwinVote,
    Verdict,
    fixed_size_votes,
)

Votes = Callable[[random.Random], Iterator[TwinVote]]


def measure(quick: bool) -> list[Row]:
    """Risks and sizes over simulated tests."""
    runs = 200 if quick else 1000
    one, four = Terms(), Terms(block=4)
    fixed = fixed_size_votes(one)
    equal = {
        "fair votes": (alone(0.5), one),
        "fair voters of 8 votes": (voters((0.5,), each=8), four),
        "opposite voters of 8 votes, the first counting": (voters((0.0, 1.0), each=8), one),
        "opposite voters of 8 votes, in blocks of 4": (voters((0.0, 1.0), each=8), four),
    }
    risks = {name: share(votes, terms, runs) for name, (votes, terms) in equal.items()}
    say(f"false promotions: {risks}")
    independent = sizes(alone(0.6), one, runs)
    clustered = {
        "the first of a voter's 4 counting": sizes(voters((0.4, 0.6, 0.8), each=4), one, runs),
        "blocks of 4": sizes(voters((0.4, 0.6, 0.8), each=4), four, runs),
    }
    told = "; ".join(f"{name}: {mean:.0f} votes" for name, (mean, _) in clustered.items())
    return [
        Row(
            "false-promotions",
            f"{max(risks.values()):.3f}",
            "≤ 0.05",
            f"the worst of {len(risks)} × {runs} A/A tests with a look after every vote; "
            + ", ".join(f"{name} {risk:.3f}" for name, risk in risks.items()),
        ),
        Row(
            "promotion-votes",
            f"{independent[0] / fixed:.3f}",
            "≤ 0.65",
            f"{independent[0]:.0f} ÷ {fixed} votes at a win rate of .60, {independent[1]:.3f} of "
            f"{runs} missed; voters with rates of .4, .6 and .8 of their own, {told}",
        ),
    ]


def alone(rate: float) -> Votes:
    """Voters who vote once."""

    def votes(rng: random.Random) -> Iterator[TwinVote]:
        return (TwinVote(str(number), float(rng.random() < rate)) for number in range(5000))

    return votes


def voters(rates: Sequence[float], *, each: int, count: int = 600) -> Votes:
    """Voters with a rate of their own and several votes, in random order."""

    def votes(rng: random.Random) -> Iterator[TwinVote]:
        own = [rng.choice(rates) for _ in range(count)]
        order = [voter for voter in range(count) for _ in range(each)]
        rng.shuffle(order)
        return (TwinVote(str(voter), float(rng.random() < own[voter])) for voter in order)

    return votes


def played(votes: Iterator[TwinVote], terms: Terms) -> SequentialTest:
    """A test to its verdict or the last vote."""
    test = SequentialTest(terms)
    for vote in votes:
        if test.see(vote) is not Verdict.GO_ON:
            return test
    test.close()
    return test


def share(votes: Votes, terms: Terms, runs: int) -> float:
    """How many of the tests promote."""
    rng = random.Random(1)
    return sum(played(votes(rng), terms).verdict is Verdict.PROMOTE for _ in range(runs)) / runs


def sizes(votes: Votes, terms: Terms, runs: int) -> tuple[float, float]:
    """Mean votes to a verdict, and the share of tests that do not promote."""
    rng = random.Random(2)
    tests = [played(votes(rng), terms) for _ in range(runs)]
    missed = sum(test.verdict is not Verdict.PROMOTE for test in tests) / runs
    return statistics.fmean(test.votes for test in tests), missed


if __name__ == "__main__":
    main(measure, __doc__)
