"""The charter of the house and of a brief, asked of a prompt before anything is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from django.conf import settings

from curation.validators.charters import HOUSE_CHARTER, Charter, read_charter
from curation.validators.errors import CharterBroken
from curation.validators.verdicts import Measured, Policy, Validator
from curation.validators.wording import says

PROMPT_LONGEST: Final = 1000  # characters
# (text, phrases) → how near each is in meaning, cosine in [-1, 1].
Affinity = Callable[[str, Sequence[str]], Sequence[float]]


def charter() -> Charter:
    """The charter of this site: the house's own, or what `CHARTER_FILE` names instead."""
    return read_charter(Path(settings.CHARTER_FILE or HOUSE_CHARTER))


def check_charter(*texts: str) -> None:
    """Refuse texts of a brief that ask for what the house does not show.

    Raises:
        CharterBroken: one has a forbidden word.
    """
    for text in texts:
        if word := charter().broken_by(text):
            raise CharterBroken(
                f"This house shows nothing of “{word}”. "
                "What must not appear belongs into “Must not”."
            )


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A prompt, and what the brief says that it is for."""

    prompt: str
    must: str = ""
    must_not: str = ""
    known: Sequence[str] = ()  # names of everything the model was taught
    affinity: Affinity | None = field(default=None, compare=False)  # without it, meaning is unread


class PlainText(Validator[Wording]):
    """Whether a prompt is text one can read; the score is how many characters are not."""

    name = "plain-text"
    usual = Policy.DROP
    limit: ClassVar[float] = 0.0

    def measure(self, subject: Wording) -> Measured:
        prompt = subject.prompt
        if not prompt.strip():
            return Measured(1.0, "It is empty.")
        if len(prompt) > PROMPT_LONGEST:
            return Measured(len(prompt) - PROMPT_LONGEST, f"It has {len(prompt):,} characters.")
        odd = [c for c in prompt if unicodedata.category(c)[0] == "C"]
        return Measured(len(odd), "It has control, formatting or unassigned characters.")


class ForbiddenWords(Validator[Wording]):
    """Whether a prompt has a word of the charter; the score is how many."""

    name = "forbidden-words"
    usual = Policy.DROP
    limit: ClassVar[float] = 0.0

    def measure(self, subject: Wording) -> Measured:
        found = [word for word in charter().words if says(subject.prompt, word)]
        return Measured(len(found), f"The charter forbids: {', '.join(found)}.")


class ForbiddenIdeas(Validator[Wording]):
    """How near a prompt comes to an idea of the charter in meaning; cosine in [-1, 1]."""

    name = "forbidden-ideas"
    usual = Policy.DROP
    limit: ClassVar[float] = 0.4

    def measure(self, subject: Wording) -> Measured:
        ideas = charter().ideas
        if not ideas or subject.affinity is None:
            return Measured(-1.0, "")
        scores = subject.affinity(subject.prompt, ideas)
        score, idea = max(zip(scores, ideas, strict=True))
        return Measured(float(score), f"It comes close to: {idea}.")


class RuledOut(Validator[Wording]):
    """Whether a prompt names what its brief must not have; the score is how many names."""

    name = "ruled-out"
    usual = Policy.DROP
    limit: ClassVar[float] = 0.0

    def measure(self, subject: Wording) -> Measured:
        banned = [name for name in subject.known if says(subject.must_not, name)]
        found = [name for name in banned if says(subject.prompt, name)]
        return Measured(len(found), f"The brief rules out: {', '.join(found)}.")


class MustHaves(Validator[Wording]):
    """Whether a prompt names something of what its brief must have; the score is 1 or 0.

    Briefs say what should come up more often, not what every picture needs: noted by default.
    """

    name = "must-haves"
    usual = Policy.NOTE
    fails_below = True
    limit: ClassVar[float] = 0.5

    def measure(self, subject: Wording) -> Measured:
        wanted = [name for name in subject.known if says(subject.must, name)]
        has = not wanted or any(says(subject.prompt, name) for name in wanted)
        return Measured(float(has), f"The brief asks for: {', '.join(wanted)}.")
