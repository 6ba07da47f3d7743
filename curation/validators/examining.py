"""Prompts before they are drawn and pictures before they hang, put before every validator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

from curation.validators.colours import Palette
from curation.validators.hashes import Fingerprint, fingerprint
from curation.validators.near import Near
from curation.validators.pictures import AskedSize, Blank, Decodable, Detail, Exhibit
from curation.validators.safety import NO_CLASSIFIER, Safety
from curation.validators.texts import (
    ForbiddenIdeas,
    ForbiddenWords,
    MustHaves,
    PlainText,
    RuledOut,
    Wording,
)
from curation.validators.verdicts import Outcome, Policy, Validator, Verdict

OF_PROMPTS: Final[tuple[type[Validator[Wording]], ...]] = (
    PlainText,
    ForbiddenWords,
    ForbiddenIdeas,
    RuledOut,
    MustHaves,
)
# In the order they are asked; the first decides whether the others can be.
OF_PICTURES: Final[tuple[type[Validator[Exhibit]], ...]] = (
    Decodable,
    AskedSize,
    Blank,
    Detail,
    Palette,
    Safety,
)


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found out about a picture before it hangs; `fingerprint` says whether it is near."""

    verdicts: tuple[Verdict, ...] = ()
    fingerprint: Fingerprint | None = field(default=None, repr=False)


UNEXAMINED: Final = Examined()


def in_force(kind: type[Validator[Any]]) -> Validator[Any] | None:
    """A validator as the settings want it; None when it is off."""
    wanted = settings.VALIDATORS.get(kind.name, {})
    policy = Policy(wanted.get("policy", kind.usual))
    if policy is Policy.OFF or (kind is Safety and settings.SAFETY_CLASSIFIER == NO_CLASSIFIER):
        return None
    return kind(float(wanted.get("threshold", kind.limit)), policy=policy)


def examine_prompt(wording: Wording) -> tuple[Verdict, ...]:
    """Every verdict on a prompt."""
    found = (in_force(kind) for kind in OF_PROMPTS)
    return tuple(validator.judge(wording) for validator in found if validator)


def examine_picture(exhibit: Exhibit, *, twin: bool = False) -> Examined:
    """Every verdict on a picture but whether it is near another, which is judged as it hangs."""
    verdicts = tuple(_verdicts(exhibit, twin=twin))
    readable = all(v.outcome is Outcome.PASSED for v in verdicts if v.validator == Decodable.name)
    if twin or not readable:
        return Examined(verdicts=verdicts)
    return Examined(verdicts=verdicts, fingerprint=fingerprint(exhibit.image))


def _verdicts(exhibit: Exhibit, *, twin: bool) -> Iterator[Verdict]:
    for kind in OF_PICTURES:
        if kind is not Decodable and twin and not kind.of_twins:
            continue
        if (validator := in_force(kind)) is None:
            continue
        verdict = validator.judge(exhibit)
        yield verdict
        if kind is Decodable and verdict.outcome is not Outcome.PASSED:
            return


def judge_nearness(print_: Fingerprint) -> Verdict | None:
    """Whether nearly the same picture was shown; None when nobody wants to know."""
    validator = in_force(Near)
    return validator.judge(print_) if validator else None
