"""Queries about what validators said and stopped."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from curation.galleries.models import Candidate
from curation.validators.models import ValidatorResult
from curation.validators.services import prompt_subject


def held_candidates() -> QuerySet[Candidate]:
    """The moderators' queue: what waits for their decision, the longest first."""
    held = Candidate.objects.filter(status=Candidate.Status.HELD)
    return held.select_related("round__brief").prefetch_related("validator_results").order_by("id")


def results_of(candidate: Candidate) -> list[ValidatorResult]:
    """What was said about a candidate's prompt, then about its picture."""
    subject = prompt_subject(round_id=candidate.round_id, prompt=candidate.prompt)
    of_prompt = ValidatorResult.objects.filter(kind="prompt", subject=subject)
    return [*of_prompt, *candidate.validator_results.all()]


def stopped() -> QuerySet[ValidatorResult]:
    """Verdicts that held or dropped something, the newest first."""
    return ValidatorResult.objects.exclude(consequence="none").order_by("-id")


def as_facts(candidate: Candidate) -> list[dict[str, Any]]:
    """A candidate's verdicts as plain facts, for the API."""
    fields = ("validator", "version", "outcome", "score", "threshold", "reason")
    return [{name: getattr(row, name) for name in fields} for row in results_of(candidate)]
