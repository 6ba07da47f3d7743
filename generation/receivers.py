"""What generation does when curation announces something."""

from __future__ import annotations

from typing import Any

import structlog
from django.dispatch import receiver

from curation.galleries.signals import (
    candidate_taken_down,
    round_closed,
    round_opened,
    tally_published,
)
from generation import actors
from generation.agents.signals import preview_asked
from generation.jobs import services as jobs
from generation.versions.marks import mark_versions

log = structlog.get_logger(__name__)


@receiver(round_opened)
def compose_prompts(*, round_id: int, **_: Any) -> None:
    """Have an agent compose the round's prompts; the scheduler's sweep repeats a lost message."""
    actors.propose_prompts.send(round_id)


@receiver(round_closed)
def cancel_waiting_jobs(**_: Any) -> None:
    """Cancel what was still queued for the round."""
    jobs.sweep()


@receiver(tally_published)
def learn_from_ballots(*, round_id: int, **_: Any) -> None:
    """Have workers count twins and make a dataset; the sweeps repeat lost messages."""
    actors.count_twins.send(round_id)
    actors.build_preference_dataset.send(round_id)


@receiver(candidate_taken_down)
def mark_what_learned_from_it(*, candidate_id: int, **_: Any) -> None:
    """Note it in the history of versions; their pages say it without the note, too."""
    mark_versions(candidate_id=candidate_id)


@receiver(preview_asked)
def compose_preview(*, token: str, **_: Any) -> None:
    """Have a worker compose the prompts a brief would get."""
    actors.preview_prompts.send(token)
