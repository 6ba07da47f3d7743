"""The blind test of a challenger: it may be looked at after every vote and ended at any.

Every voter is one factor, 1 + bet·(2·score - 1), between 1 - bet and 1 + bet, where score is
the mean of their first `block` votes (1 challenger, 0 champion, ½ can't decide), entered
when the last of these is there. If the voters' mean score is at most ½ the product is a
non-negative supermartingale, so that by Ville's inequality it ever reaches 1/α with
probability ≤ α, however often one looks, and however differently voters think of the
challenger. With one vote a voter it is Wald's sequential probability ratio test of ½ against
the hoped rate; the lower bound, where the challenger is given up, only makes it stricter.

How large a bet is best depends on how alike the votes of a block are, which nobody knows: the
evidence is the mean of three products, with bets as if a block were worth 1, 2 or 4 votes.

Voters say which of the pictures before them they prefer, and not which version draws better: of two
equal versions one may have luck with the few prompts of a round, and everybody sees it. So there
are two tests, of voters and of prompts, where every prompt is one factor by the mean of all votes
on its twins; who is promoted has passed both, and either gives up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from generation.learning.errors import PreferencesInvalid

_WORTHS = (1, 2, 4)  # votes that a block, or what is voted on a prompt, may be worth


class Verdict(StrEnum):
    """What the votes so far say."""

    PROMOTE = "promote"
    REJECT = "reject"
    GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class Terms:
    """A test's terms, fixed before its first vote.

    Raises:
        ValueError: a value out of range.
    """

    hoped: float = 0.6  # win rate the test is quickest at
    false_promotion: float = 0.05  # α
    missed: float = 0.1  # about how often a challenger as good as hoped is given up
    block: int = 1  # votes of a voter that make their factor

    def __post_init__(self) -> None:
        within = 0.5 < self.hoped < 1 and 0 < self.false_promotion < 1 and 0 < self.missed < 1
        if not within or self.block < 1:
            raise ValueError(f"{self} makes no test.")

    def bets(self, votes: int) -> tuple[float, ...]:
        """Bets on a mean of votes, for each of what they may be worth.

        Each grows fastest if so many independent votes are won as often as hoped.
        """
        edge = 2 * self.hoped - 1
        return tuple(edge / (edge**2 + (1 - edge**2) / min(votes, worth)) for worth in _WORTHS)

    @property
    def upper(self) -> float:
        """Log evidence at which the challenger is promoted."""
        return -math.log(self.false_promotion)

    @property
    def lower(self) -> float:
        """Log evidence at which it is given up (Wald 1945)."""
        return math.log(self.missed / (1 - self.false_promotion))


@dataclass(frozen=True, slots=True)
class TwinVote:
    """One blind vote between twins of champion and challenger."""

    voter: str
    score: float  # 1 the challenger's, 0 the champion's, 0.5 can't decide


@dataclass(slots=True)
class _Evidence:
    """Products of bounded factors, and the verdict once their mean has reached a bound."""

    terms: Terms = field(default_factory=Terms)
    peeks: bool = True  # else the verdict waits for `judge`
    verdict: Verdict = Verdict.GO_ON
    _products: list[float] = field(default_factory=lambda: [0.0] * len(_WORTHS))  # logarithms

    @property
    def log_evidence(self) -> float:
        """The logarithm of the products' mean."""
        top = max(self._products)
        return top + math.log(math.fsum(math.exp(p - top) for p in self._products) / len(_WORTHS))

    @property
    def evidence(self) -> float:
        """How many times likelier the votes are under a better challenger."""
        return math.exp(self.log_evidence)

    def judge(self) -> Verdict:
        """Look where the evidence stands; a verdict is final."""
        if self.verdict is Verdict.GO_ON and self.log_evidence >= self.terms.upper:
            self.verdict = Verdict.PROMOTE
        elif self.verdict is Verdict.GO_ON and self.log_evidence <= self.terms.lower:
            self.verdict = Verdict.REJECT
        return self.verdict

    def _multiply(self, scores: Sequence[float]) -> None:
        lean = 2 * math.fsum(scores) / len(scores) - 1
        bets = self.terms.bets(len(scores))
        self._products = [
            p + math.log1p(bet * lean) for p, bet in zip(self._products, bets, strict=True)
        ]
        if self.peeks:
            self.judge()


@dataclass(slots=True)
class SequentialTest(_Evidence):
    """The state of a test of voters; feed it votes in the order in which they were accepted.

    A verdict is final: votes that come after it change nothing.
    """

    voters: int = 0  # whose factor has entered
    votes: int = 0  # seen up to the verdict
    _pending: dict[str, list[float]] = field(default_factory=dict)
    _entered: set[str] = field(default_factory=set)

    def see(self, vote: TwinVote) -> Verdict:
        """Take one more vote into account.

        Raises:
            PreferencesInvalid: a score outside [0, 1].
        """
        _check(vote.score)
        if self.verdict is not Verdict.GO_ON:
            return self.verdict
        self.votes += 1
        if vote.voter not in self._entered:
            scores = self._pending.setdefault(vote.voter, [])
            scores.append(vote.score)
            if len(scores) == self.terms.block:
                self._enter(vote.voter)
        return self.verdict

    def close(self) -> Verdict:
        """No more votes will come: voters with fewer than a block enter with what they gave."""
        for voter in list(self._pending):
            if self.verdict is Verdict.GO_ON:
                self._enter(voter)
        return self.verdict

    def has_heard(self, voter: str) -> bool:
        """Whether a voter's factor has entered: what they say from now on changes nothing."""
        return voter in self._entered

    def _enter(self, voter: str) -> None:
        scores = self._pending.pop(voter)
        self._entered.add(voter)
        self.voters += 1
        self._multiply(scores)

    def describe(self) -> Mapping[str, float | int | str]:
        """For the record and the page."""
        return {
            "verdict": self.verdict.value,
            "evidence": self.evidence,
            "promote_at": math.exp(self.terms.upper),
            "reject_at": math.exp(self.terms.lower),
            "voters": self.voters,
            "votes": self.votes,
        }


@dataclass(slots=True)
class PromptTest(_Evidence):
    """The state of a test of prompts; feed it one when all votes on its twins are in.

    A verdict is final: prompts that come after it change nothing.
    """

    prompts: int = 0  # seen up to the verdict

    def see(self, scores: Sequence[float]) -> Verdict:
        """Take one more prompt into account, by the scores of all votes on its twins, (N,), N > 0.

        Raises:
            PreferencesInvalid: a score outside [0, 1].
        """
        for score in scores:
            _check(score)
        if self.verdict is Verdict.GO_ON:
            self.prompts += 1
            self._multiply(scores)
        return self.verdict

    def describe(self) -> Mapping[str, float | int | str]:
        """For the record."""
        return {
            "verdict": self.verdict.value,
            "evidence": self.evidence,
            "prompts": self.prompts,
        }


def both(voters: Verdict, prompts: Verdict) -> Verdict:
    """What two tests of the same votes come to: either rejects, both promote."""
    if Verdict.REJECT in (voters, prompts):
        return Verdict.REJECT
    return Verdict.PROMOTE if voters is prompts is Verdict.PROMOTE else Verdict.GO_ON


def _check(score: float) -> None:
    if not 0 <= score <= 1:
        raise PreferencesInvalid(f"A score is {score}: it lies between 0 and 1.")


def run_test(
    votes: Iterable[TwinVote], terms: Terms, *, closed: bool = False, peeks: bool = True
) -> SequentialTest:
    """A test over all votes so far; `closed` when no more will come."""
    test = SequentialTest(terms, peeks=peeks)
    for vote in votes:
        test.see(vote)
    if closed:
        test.close()
    return test


def fixed_size_votes(terms: Terms) -> int:
    """Independent votes that an exact test of fixed size needs for the same two risks."""
    for votes in range(1, 100_000):
        needed = _critical(votes, terms.false_promotion)
        if _tail(votes, needed, terms.hoped) >= 1 - terms.missed:
            return votes
    raise ValueError(f"{terms} would need more than 100,000 votes.")


def _critical(votes: int, risk: float) -> int:
    """Fewest wins that a fair coin reaches with probability ≤ risk."""
    tail = 0.0
    for wins in range(votes, -1, -1):
        tail += math.exp(_log_share(votes, wins, 0.5))
        if tail > risk:
            return wins + 1
    return 0


def _tail(votes: int, wins: int, rate: float) -> float:
    return math.fsum(math.exp(_log_share(votes, k, rate)) for k in range(wins, votes + 1))


def _log_share(votes: int, wins: int, rate: float) -> float:
    ways = math.lgamma(votes + 1) - math.lgamma(wins + 1) - math.lgamma(votes - wins + 1)
    return ways + wins * math.log(rate) + (votes - wins) * math.log1p(-rate)
