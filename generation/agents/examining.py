"""Prompts before anything is drawn: those a validator stops are not queued, and it is kept why."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from curation.models import Brief, Round
from curation.validators.examining import examine_prompt
from curation.validators.services import record_prompt
from curation.validators.texts import Affinity, Wording
from curation.validators.verdicts import Consequence, Verdict, consequence_of, why
from generation.agents.rules import Composition

log = structlog.get_logger(__name__)


def verdicts_on(
    brief: Brief, prompt: str, *, known: Sequence[str], meaning: Affinity | None
) -> tuple[Verdict, ...]:
    """What validators say of a brief's prompt; arguments as in `allowed`."""
    wording = Wording(
        prompt=prompt,
        must=brief.must,
        must_not=brief.must_not,
        known=known,
        affinity=meaning,
    )
    return examine_prompt(wording)


def allowed(
    round_: Round,
    composed: Sequence[Composition],
    *,
    known: Sequence[str],
    meaning: Affinity | None,
) -> list[Composition]:
    """Those of a round's prompts that may be drawn, in their order.

    `known` are the names of everything the model was taught; without `meaning` only words are
    compared with the charter. A prompt that nobody could judge is not drawn either.
    """
    kept = []
    for composition in composed:
        verdicts = verdicts_on(round_.brief, composition.prompt, known=known, meaning=meaning)
        record_prompt(round_id=round_.pk, prompt=composition.prompt, verdicts=verdicts)
        if consequence_of(verdicts) is Consequence.NONE:
            kept.append(composition)
        else:
            log.warning("prompt not drawn", round=round_.pk, reason=why(verdicts))
    return kept
