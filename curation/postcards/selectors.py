"""Which pictures stand for a page: of those that hang, never another."""

from __future__ import annotations

from django.db.models import QuerySet

from curation.briefs.models import Brief
from curation.galleries.models import Candidate, Round
from curation.galleries.selectors import hanging
from curation.postcards.drawing import MOST


def pictures_of_home() -> list[str]:
    """Digests of the newest pictures anywhere."""
    found = _hanging().exclude(round__brief__status=Brief.Status.WITHDRAWN)
    return _digests(found.order_by("-pk"))


def pictures_of_brief(brief: Brief) -> list[str]:
    """Digests of the newest pictures of a brief."""
    return _digests(_hanging().filter(round__brief=brief).order_by("-pk"))


def pictures_of_round(round_: Round) -> list[str]:
    """Digests of a round's best pictures once it is counted, before that of its newest."""
    best = hanging(round_).filter(standings__tally=round_.pk).order_by("standings__rank")
    return _digests(best) or _digests(hanging(round_))


def pictures_of_version(slug: str) -> list[str]:
    """Digests of the newest pictures that a model version drew in rounds that have closed.

    What is drawn in an open round says nothing of its version.
    """
    found = Candidate.objects.filter(status=Candidate.Status.PUBLISHED, model_version=slug)
    return _digests(found.exclude(round__status=Round.Status.OPEN).order_by("-pk"))


def _hanging() -> QuerySet[Candidate]:
    return Candidate.objects.filter(status=Candidate.Status.PUBLISHED, trial=False)


def _digests(found: QuerySet[Candidate]) -> list[str]:
    return list(found.values_list("digest", flat=True)[:MOST])
