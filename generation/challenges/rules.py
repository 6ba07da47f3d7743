"""The terms of a blind test and what its votes come to: pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from generation.learning.sequential import (
    PromptTest,
    SequentialTest,
    Terms,
    TwinVote,
    Verdict,
    both,
    run_test,
)
from generation.learning.shares import clustered_win_rate

MOST_ROUNDS = 12  # in which votes were counted; who is not better by then is not better enough
LONGEST_BLOCK = 12  # votes that make a voter's factor
OF_ALL_VOTES = 4  # every so many of a usual voter's are expected to be on twins, with some to spare
NEWS = 0.1  # of a round's votes; if less comes from voters who were not heard, all of them were


@dataclass(frozen=True, slots=True)
class Answer:
    """A ballot on twins that counts in a test."""

    voter: str
    prompt: str  # of the twins, told apart by round
    score: float  # 1 for the challenger's picture, 0 for the champion's, 1/2 can't decide
    round_id: int


@dataclass(frozen=True, slots=True)
class Count:
    """Where a test stands after the rounds that have closed."""

    verdict: Verdict
    wins: int
    losses: int
    ties: int
    voters: int
    state: dict[str, Any]


def terms_for(votes: float) -> Terms:
    """Terms fixed before the first vote, by how many votes a usual voter gave in the last round.

    Every voter is one bounded factor either way, made of the votes on twins that a usual voter
    gives in one round: tests are decided between rounds alone, so that waiting for them costs
    nothing, and a few frequent voters can decide.
    """
    return Terms(block=max(1, min(LONGEST_BLOCK, int(votes // OF_ALL_VOTES))))


def counted(answers: Iterable[Answer], *, terms: Terms, rounds: int) -> Count:
    """The test over all answers so far, in the order in which they were accepted.

    It is computed anew each time: whoever counts twice finds the same. When rounds have run out, or
    everybody who votes was heard and voters cannot tell, those with less than a block enter with
    what they gave, and what is not promoted is rejected.
    """
    told = list(answers)
    votes = [TwinVote(answer.voter, answer.score) for answer in told]
    test = run_test(votes, terms)
    heard = test.verdict is Verdict.GO_ON and _all_heard(told, terms)
    over = rounds >= MOST_ROUNDS
    if over or heard:
        test.close()
    scores = _by_prompt(told)
    prompts = PromptTest(terms)
    for of_one in scores.values():
        prompts.see(of_one)
    verdict = both(test.verdict, prompts.verdict)
    if verdict is Verdict.GO_ON and (over or (heard and test.verdict is Verdict.GO_ON)):
        verdict = Verdict.REJECT
    return Count(
        verdict=verdict,
        wins=sum(answer.score == 1 for answer in told),
        losses=sum(answer.score == 0 for answer in told),
        ties=sum(answer.score == 0.5 for answer in told),
        voters=len({answer.voter for answer in told}),
        state={
            "terms": asdict(terms),
            "rounds": rounds,
            "heard": heard,
            **test.describe(),
            "prompts": {**prompts.describe(), "judged": len(scores)},
            "worth": min(clustered_win_rate(of).count for of in (scores, _by_voter(told))),
        },
    )


def _by_prompt(told: list[Answer]) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {}
    for answer in told:
        scores.setdefault(f"{answer.round_id} {answer.prompt}", []).append(answer.score)
    return scores


def _by_voter(told: list[Answer]) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {}
    for answer in told:
        scores.setdefault(answer.voter, []).append(answer.score)
    return scores


def _all_heard(told: list[Answer], terms: Terms) -> bool:
    """Whether hardly a vote of the newest round came from voters whose factor was not in before."""
    newest = max((answer.round_id for answer in told), default=0)
    before = SequentialTest(terms)
    for answer in told:
        if answer.round_id != newest:
            before.see(TwinVote(answer.voter, answer.score))
    late = [answer for answer in told if answer.round_id == newest]
    news = sum(not before.has_heard(answer.voter) for answer in late)
    return news < NEWS * len(late)


def why(count: Count) -> str:
    """A decision in words for people."""
    shown = f"{count.wins} to {count.losses}, {count.ties} undecided, by {count.voters} voters"
    prompts = count.state["prompts"]
    if count.verdict is Verdict.PROMOTE:
        return f"Its pictures were preferred: {shown}, on {prompts['judged']} prompts."
    if Verdict.REJECT not in (count.state["verdict"], prompts["verdict"]):
        if count.state["heard"]:
            return f"Everybody was heard, and nobody could tell that it is better: {shown}."
        return f"After {MOST_ROUNDS} rounds nobody could tell that it is better: {shown}."
    return f"Its pictures were not preferred: {shown}."
