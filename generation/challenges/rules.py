"""The terms of a blind test and what its votes come to: pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from generation.learning.sequential import SequentialTest, Terms, TwinVote, Verdict, run_test

MOST_ROUNDS = 12  # in which votes were counted; who is not better by then is not better enough
FREQUENT_VOTERS = 60  # from so many on, one vote of each decides sooner than blocks do
BLOCK = 4  # votes that make a voter's factor where there are fewer voters


@dataclass(frozen=True, slots=True)
class Answer:
    """A ballot on twins that counts in a test."""

    voter: str
    score: float  # 1 for the challenger's picture, 0 for the champion's, 1/2 can't decide


@dataclass(frozen=True, slots=True)
class Count:
    """Where a test stands after the rounds that have closed."""

    verdict: Verdict
    wins: int
    losses: int
    ties: int
    voters: int
    state: dict[str, Any]


def terms_for(voters: int) -> Terms:
    """Terms fixed before the first vote, by how many voted in the rounds before.

    Every voter is one bounded factor either way. In a small community a factor is made of a
    block of votes, so that few frequent voters can decide.
    """
    return Terms(block=1 if voters >= FREQUENT_VOTERS else BLOCK)


def counted(answers: Iterable[Answer], *, terms: Terms, rounds: int) -> Count:
    """The test over all answers so far, in the order in which they were accepted.

    It is computed anew each time: whoever counts twice finds the same. When rounds have run out,
    voters with less than a block enter with what they gave, and what is not promoted is rejected.
    """
    told = list(answers)
    over = rounds >= MOST_ROUNDS
    votes = [TwinVote(answer.voter, answer.score) for answer in told]
    test: SequentialTest = run_test(votes, terms, closed=over)
    verdict = test.verdict
    if over and verdict is Verdict.GO_ON:
        verdict = Verdict.REJECT
    return Count(
        verdict=verdict,
        wins=sum(answer.score == 1 for answer in told),
        losses=sum(answer.score == 0 for answer in told),
        ties=sum(answer.score == 0.5 for answer in told),
        voters=len({answer.voter for answer in told}),
        state={"terms": asdict(terms), "rounds": rounds, **test.describe()},
    )


def why(count: Count) -> str:
    """A decision in words for people."""
    shown = f"{count.wins} to {count.losses}, {count.ties} undecided, by {count.voters} voters"
    if count.verdict is Verdict.PROMOTE:
        return f"Its pictures were preferred: {shown}."
    if count.state["rounds"] >= MOST_ROUNDS and count.state["verdict"] == Verdict.GO_ON:
        return f"After {MOST_ROUNDS} rounds nobody could tell that it is better: {shown}."
    return f"Its pictures were not preferred: {shown}."
