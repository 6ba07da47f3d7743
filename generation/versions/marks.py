"""Marks: which versions learned from pictures that were taken down since."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from curation.models import Candidate
from generation.challenges.models import VersionEvent
from generation.preferences.models import PreferenceRow
from generation.versions.models import ModelVersion

_GONE = (Candidate.Status.HIDDEN, Candidate.Status.DISQUALIFIED)  # held ones never taught


def taken_down_behind(version: ModelVersion) -> list[str]:
    """Digests of pictures not on show now that a version, or one it was trained from, learned from.

    Told as it is now: a picture that was restored is in it no more.
    """
    rows = PreferenceRow.objects.filter(dataset__run__version__in=_lineage(version))
    as_chosen, as_rejected = (
        Exists(rows.filter(**{side: OuterRef("digest")})) for side in ("chosen", "rejected")
    )
    gone = Candidate.objects.filter(status__in=_GONE)
    return sorted(gone.filter(as_chosen | as_rejected).values_list("digest", flat=True))


def mark_versions(*, candidate_id: int) -> int:
    """Note in the history of every version trained on a picture that it was taken down.

    Once for each version and picture; returns how many were marked.
    """
    digest = Candidate.objects.values_list("digest", flat=True).get(pk=candidate_id)
    either = Q(chosen=digest) | Q(rejected=digest)
    rows = PreferenceRow.objects.filter(either, dataset__run__version__isnull=False)
    marked = 0
    for version_id in rows.order_by().values_list("dataset__run__version", flat=True).distinct():
        _, is_new = VersionEvent.objects.get_or_create(
            version_id=version_id,
            kind=VersionEvent.Kind.MARKED,
            details={"digest": digest},
            defaults={"reason": f"the picture {digest[:12]}…"},
        )
        marked += is_new
    return marked


def _lineage(version: ModelVersion) -> list[int]:
    parents = dict(ModelVersion.objects.values_list("pk", "parent"))
    line: list[int] = []
    at: int | None = version.pk
    while at is not None:
        line.append(at)
        at = parents[at]
    return line
