"""The blind test of a challenger: its risk under peeking, and its votes ÷ a test of fixed size.

Votes are simulated and looked at after every one. A/A: champion and challenger are equally
good, by fair votes and by voters of opposite tastes. The peer is the exact binomial test of
fixed size with the same two risks. Then whole tests, round by round, by a community that sees
alike: of two equal versions one has luck with a prompt, and everybody who does not err sees it.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence

from benchmarks.harness import Row, main, say
from generation.challenges.rules import MOST_ROUNDS, Answer, counted, terms_for
from generation.learning.sequential import (
    SequentialTest,
    Terms,
    TwinVote,
    Verdict,
    fixed_size_votes,
)

VOTERS, SHARE, PROMPTS, FLIPPED = 24, 60, 20, 0.2
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
    one_eye = {rate: held(rate, runs) for rate in (0.5, 0.65, 0.75, 0.85)}
    risks["equal versions with luck"] = one_eye[0.5][0]
    say(f"whole tests: {one_eye}")
    whole = "; ".join(
        f"better on {rate:.2f} of the prompts: {promoted:.2f} promoted, {rounds:.1f} rounds"
        for rate, (promoted, rounds) in one_eye.items()
    )
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
            + ", ".join(f"{name} {risk:.3f}" for name, risk in risks.items())
            + f". Whole tests by {VOTERS} voters who see alike and flip {FLIPPED:.0%}: {whole}",
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


def held(rate: float, runs: int) -> tuple[float, float]:
    """Whole tests of a version that is better on a share of prompts: promoted, mean rounds."""
    rng, rounds = random.Random(3), []
    promoted = 0
    for _ in range(runs):
        verdict, told = Verdict.GO_ON, list[Answer]()
        for number in range(1, MOST_ROUNDS + 1):
            told += one_round(rng, rate, number)
            verdict = counted(told, terms=terms_for(SHARE)).verdict
            if verdict is not Verdict.GO_ON:
                break
        rounds.append(number)
        promoted += verdict is Verdict.PROMOTE
    return promoted / runs, statistics.fmean(rounds)


def one_round(rng: random.Random, rate: float, number: int) -> list[Answer]:
    """Everybody's votes on the twins of a round; a voter gets to three in four of them."""
    better = {f"{number} {prompt}": rng.random() < rate for prompt in range(PROMPTS)}
    told = [
        Answer(str(voter), prompt, float((rng.random() >= FLIPPED) == better[prompt]), number)
        for voter in range(VOTERS)
        for prompt in rng.sample(list(better), 3 * PROMPTS // 4)
    ]
    rng.shuffle(told)
    return told


def sizes(votes: Votes, terms: Terms, runs: int) -> tuple[float, float]:
    """Mean votes to a verdict, and the share of tests that do not promote."""
    rng = random.Random(2)
    tests = [played(votes(rng), terms) for _ in range(runs)]
    missed = sum(test.verdict is not Verdict.PROMOTE for test in tests) / runs
    return statistics.fmean(test.votes for test in tests), missed


if __name__ == "__main__":
    main(measure, __doc__)
