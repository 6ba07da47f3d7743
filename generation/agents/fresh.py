"""Prompts of a brief that nobody was asked about: what a model is tried with."""

from __future__ import annotations

import random

from curation.models import Round
from curation.validators.texts import Affinity
from curation.validators.verdicts import Consequence, consequence_of
from generation.agents import rules
from generation.agents.choices import choices_for
from generation.agents.examining import verdicts_on
from generation.agents.models import Primitive
from generation.agents.services import agent_for
from generation.errors import GenerationError
from generation.jobs.models import GenerationJob
from generation.versions.services import EMBEDDED_VOCABULARY


def fresh_prompts(*, round_: Round, vocabulary: str, count: int, affinity: Affinity) -> list[str]:
    """Up to `count` prompts as agents would compose them without beliefs, the same every time.

    None was drawn in a round of the brief, and none is drawn that a validator stops. Empty where
    nothing can be composed.
    """
    vocabulary = vocabulary or EMBEDDED_VOCABULARY
    brief = round_.brief
    try:
        choices, agent = choices_for(brief, vocabulary, affinity), agent_for(round_)
    except GenerationError:
        return []
    known = [p.name for p in Primitive.objects.filter(vocabulary=vocabulary, active=True)]
    drawn = set(GenerationJob.objects.filter(round__brief=brief).values_list("prompt", flat=True))
    rng = random.Random(f"fresh {round_.pk}")
    found: list[str] = []
    for made in rules.compose(rng, choices, count=2 * count, boldness=agent.boldness):
        if len(found) == count:
            break
        verdicts = verdicts_on(brief, made.prompt, known=known, meaning=affinity)
        if made.prompt not in drawn and consequence_of(verdicts) is Consequence.NONE:
            found.append(made.prompt)
    return found
