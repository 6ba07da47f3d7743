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
LEAST_HEARD = 12  # voters, before all of them can have been heard
LEAST_JUDGES = 3  # voters of a prompt, or of a round, that counts
WORTH = 4  # votes that a voter or a prompt is worth at most in an interval


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


def counted(answers: Iterable[Answer], *, terms: Terms, earlier_open: bool = False) -> Count:
    """The test over all answers so far, in the order in which they were accepted.

    It is computed anew each time: whoever counts twice finds the same. It is judged when a round
    was counted, not after every vote, so that nobody's haste decides. When rounds have run out, or
    everybody who votes was heard and voters cannot tell, those with less than a block enter with
    what they gave, and what is not promoted is rejected.

    Args:
        earlier_open: a round with twins that began before the newest counted one is not counted.
    """
    told = list(answers)
    test = run_test([TwinVote(a.voter, a.score) for a in told], terms, peeks=False)
    heard = not earlier_open and _all_heard(told, terms)
    rounds = _rounds(told)
    over = rounds >= MOST_ROUNDS
    if over or heard:
        test.close()
    scores, prompts = _by_prompt(told), PromptTest(terms, peeks=False)
    for of_one in scores.values():
        prompts.see(of_one)
    verdict = both(test.judge(), prompts.judge())
    if verdict is Verdict.GO_ON and (over or (heard and test.verdict is Verdict.GO_ON)):
        verdict = Verdict.REJECT
    voters = _by_voter(told)
    return Count(
        verdict=verdict,
        wins=sum(answer.score == 1 for answer in told),
        losses=sum(answer.score == 0 for answer in told),
        ties=sum(answer.score == 0.5 for answer in told),
        voters=len(voters),
        state={
            "terms": asdict(terms),
            "rounds": rounds,
            "heard": heard,
            **test.describe(),
            "prompts": prompts.describe(),
            "worth": min(
                min(clustered_win_rate(of).count, WORTH * len(of)) for of in (scores, voters)
            ),
        },
    )


def _rounds(told: list[Answer]) -> int:
    """In how many rounds enough people voted."""
    voters: dict[int, set[str]] = {}
    for answer in told:
        voters.setdefault(answer.round_id, set()).add(answer.voter)
    return sum(len(of_one) >= LEAST_JUDGES for of_one in voters.values())


def _by_prompt(told: list[Answer]) -> dict[str, list[float]]:
    """Scores of prompts that enough people judged, each in the first round that had it."""
    first: dict[str, int] = {}
    for answer in told:
        first[answer.prompt] = min(answer.round_id, first.get(answer.prompt, answer.round_id))
    scores: dict[str, list[float]] = {}
    judges: dict[str, set[str]] = {}
    for answer in told:
        if answer.round_id == first[answer.prompt]:
            scores.setdefault(answer.prompt, []).append(answer.score)
            judges.setdefault(answer.prompt, set()).add(answer.voter)
    return {name: of for name, of in scores.items() if len(judges[name]) >= LEAST_JUDGES}


def _by_voter(told: list[Answer]) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {}
    for answer in told:
        scores.setdefault(answer.voter, []).append(answer.score)
    return scores


def _all_heard(told: list[Answer], terms: Terms) -> bool:
    """Whether hardly a vote of the newest round came from voters whose factor was in before."""
    newest = max((answer.round_id for answer in told), default=0)
    before = SequentialTest(terms, peeks=False)
    for answer in told:
        if answer.round_id != newest:
            before.see(TwinVote(answer.voter, answer.score))
    late = [answer for answer in told if answer.round_id == newest]
    news = sum(not before.has_heard(answer.voter) for answer in late)
    return before.voters >= LEAST_HEARD and news < NEWS * len(late)


def why(count: Count) -> str:
    """A decision in words for people."""
    shown = f"{count.wins} to {count.losses}, {count.ties} undecided, by {count.voters} voters"
    prompts = count.state["prompts"]
    if count.verdict is Verdict.PROMOTE:
        return f"Its pictures were preferred: {shown}, on {prompts['prompts']} prompts."
    if Verdict.REJECT not in (count.state["verdict"], prompts["verdict"]):
        if count.state["heard"]:
            return f"Everybody was heard, and nobody could tell that it is better: {shown}."
        return f"After {MOST_ROUNDS} rounds nobody could tell that it is better: {shown}."
    return f"Its pictures were not preferred: {shown}."
