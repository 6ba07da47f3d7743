"""What a validator says, and what follows from all that was said of one thing; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)
T_contra = TypeVar("T_contra", contravariant=True)
REASON_LONGEST = 500  # characters


class Outcome(StrEnum):
    """How an examination ended."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"  # the validator itself: nothing is known


class Policy(StrEnum):
    """What is done about a failure."""

    HOLD = "hold"  # it waits for a moderator
    DROP = "drop"  # it is not kept, the verdict is
    NOTE = "note"  # it goes on; the verdict is kept
    OFF = "off"  # the validator is not asked


class Consequence(StrEnum):
    """What becomes of the thing that was examined."""

    NONE = "none"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One validator's word; `score` and `threshold` are in the validator's own unit."""

    validator: str
    version: str
    outcome: Outcome
    policy: Policy
    score: float | None = None
    threshold: float | None = None
    reason: str = ""

    @property
    def consequence(self) -> Consequence:
        """What this verdict alone asks for. What nobody could judge is held, never dropped."""
        if self.outcome is Outcome.PASSED or self.policy is Policy.NOTE:
            return Consequence.NONE
        if self.outcome is Outcome.FAILED and self.policy is Policy.DROP:
            return Consequence.DROP
        return Consequence.HOLD


def consequence_of(verdicts: Iterable[Verdict]) -> Consequence:
    """What all verdicts on one thing ask for together: the hardest of them."""
    asked = {verdict.consequence for verdict in verdicts}
    for hardest in (Consequence.DROP, Consequence.HOLD):
        if hardest in asked:
            return hardest
    return Consequence.NONE


def why(verdicts: Iterable[Verdict]) -> str:
    """The reasons of those that ask for something, in one line."""
    told = [
        f"{verdict.validator}: {verdict.reason}"
        for verdict in verdicts
        if verdict.consequence is not Consequence.NONE
    ]
    return " · ".join(told)


@dataclass(frozen=True)
class Measured:
    """What a validator measured, and what it would say if that is too much."""

    score: float
    reason: str


@dataclass(frozen=True)
class Validator(Generic[T_contra]):
    """A check of one thing. Subclasses measure; a score beyond the threshold fails.

    A new `version` is due whenever the same thing could be judged differently.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    usual: ClassVar[Policy] = Policy.HOLD
    fails_below: ClassVar[bool] = False  # else above the threshold
    of_twins: ClassVar[bool] = True  # whether twins of a blind test are judged too
    limit: ClassVar[float]  # the usual threshold

    threshold: float
    policy: Policy = field(kw_only=True)

    def measure(self, subject: T_contra) -> Measured:
        """Look at the subject; whatever is raised means that nothing is known."""
        raise NotImplementedError

    def judge(self, subject: T_contra) -> Verdict:
        """A verdict in any case: a validator that breaks says so."""
        try:
            measured = self.measure(subject)
        except Exception as error:  # noqa: BLE001 - it judges, it does not stop the work
            log.warning("validator broke", validator=self.name, error=repr(error))
            return self.verdict(Outcome.BROKEN, reason=f"It broke: {type(error).__name__}: {error}")
        beyond = (
            measured.score < self.threshold if self.fails_below else measured.score > self.threshold
        )
        if not beyond:
            return self.verdict(Outcome.PASSED, measured.score)
        return self.verdict(Outcome.FAILED, measured.score, measured.reason)

    def verdict(self, outcome: Outcome, score: float | None = None, reason: str = "") -> Verdict:
        """A verdict in this validator's name."""
        return Verdict(
            validator=self.name,
            version=self.version,
            outcome=outcome,
            policy=self.policy,
            score=None if score is None else round(score, 6),
            threshold=self.threshold,
            reason=storable(reason),
        )


def storable(text: str, longest: int = REASON_LONGEST) -> str:
    """A text as PostgreSQL can keep it: UTF-8 without NUL, not too long."""
    return text.replace("\0", "").encode(errors="replace").decode()[:longest]
