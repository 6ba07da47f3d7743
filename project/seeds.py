"""What an empty database starts with: the model, its primitives, two agents, two briefs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from chain.demo.members import DEMO_MEMBERS
from curation.accounts.models import Member
from curation.briefs.models import Brief
from curation.briefs.services import post_brief
from generation.agents.models import Agent, Primitive
from generation.challenges.services import end_tests_of_other_bases
from generation.emblems import vocabulary
from generation.engines.identity import identity
from generation.engines.protocol import ModelSource
from generation.versions.models import ModelVersion
from generation.versions.services import EMBEDDED_VOCABULARY, register_base

AGENTS: tuple[dict[str, Any], ...] = (
    {
        "slug": "iris",
        "name": "Iris",
        "manner": "Measured. Keeps to what the brief says and repeats what works.",
        "boldness": 0.6,
        "guidance": 3.0,
    },
    {
        "slug": "otto",
        "name": "Otto",
        "manner": "Restless. Reaches for the second thought rather than the first.",
        "boldness": 1.3,
        "guidance": 3.0,
    },
)
BRIEFS: tuple[dict[str, Any], ...] = (
    {
        "title": "An emblem for the harbour rowing club",
        "purpose": "The club has rowed from the old harbour since 1921. The emblem goes on "
        "blades, jerseys and the boathouse door, so it must be read from across the water.",
        "must": "Something of the sea or the harbour.",
        "must_not": "No skulls.",
        "palette": ["navy", "white", "gold"],
    },
    {
        "title": "A crest for the all-night library",
        "purpose": "A reading room that opens at dusk and closes at dawn. The crest is stamped "
        "into bookplates and glows above the door: quiet, a little magical, about books and night.",
        "must": "Night, or books, or both.",
        "must_not": "",
        "palette": ["navy", "cream", "purple"],
    },
)


def register_model() -> ModelVersion:
    """Make the configured base model the live version.

    Raises:
        EngineError: it is missing, no diffusers folder, or brings pickled weights.
    """
    base = settings.ENV.salon_model
    base_hash = identity(ModelSource(base)).base
    embedded = Path(base).is_dir() and "emblems" in str(Path(base).resolve())
    version = register_base(
        base=base, base_hash=base_hash, vocabulary=EMBEDDED_VOCABULARY if embedded else ""
    )
    end_tests_of_other_bases()
    return version


def seed_primitives() -> None:
    """Make the embedded vocabulary known; words that left it go inactive."""
    kind = Primitive.Kind
    words: list[tuple[str, str, str, list[str]]] = [
        *((kind.MOTIF, n, vocabulary.GLOSSES.get(n, ""), []) for n in vocabulary.MOTIFS),
        *((kind.COLOUR, n, "", []) for n in vocabulary.COLOURS),
        *((kind.FRAME, n, "", []) for n in vocabulary.FRAMES),
        *((kind.PATTERN, n, said, []) for n, said in vocabulary.PATTERNS.items()),
        *((kind.STYLE, n, said, []) for n, said in vocabulary.STYLES.items() if said),
        *((kind.ORNAMENT, n, said, []) for n, said in vocabulary.ORNAMENTS.items() if said),
        *(
            (kind.PALETTE, n, vocabulary.PALETTE_GLOSSES[n], list(parts))
            for n, parts in vocabulary.PALETTES.items()
        ),
    ]
    with transaction.atomic():
        Primitive.objects.filter(vocabulary=EMBEDDED_VOCABULARY).update(active=False)
        Primitive.objects.bulk_create(
            [
                Primitive(vocabulary=EMBEDDED_VOCABULARY, kind=k, name=n, gloss=g, parts=p)
                for k, n, g, p in words
            ],
            update_conflicts=True,
            unique_fields=["vocabulary", "kind", "name"],
            update_fields=["gloss", "parts", "active"],
        )


def seed_agents() -> None:
    """Two agents of different temper; changes made since are kept."""
    for agent in AGENTS:
        Agent.objects.get_or_create(slug=agent["slug"], defaults=agent)


def seed_demo_members() -> None:
    """Where there is a demo wallet, its members are there under their names; changes are kept."""
    if settings.DEMO_WALLET:
        for demo in DEMO_MEMBERS:
            Member.objects.get_or_create(address=demo.address, defaults={"name": demo.name})


def seed_briefs() -> None:
    """Two briefs, when there is none at all."""
    if Brief.objects.exists():
        return
    for brief in BRIEFS:
        post_brief(**brief, rounds_planned=24, candidates_per_round=96, round_minutes=60)
