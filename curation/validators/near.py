"""Near-duplicates of whatever was shown, found by index and confirmed by tones."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import ClassVar

from django.db import connection, models
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from curation.galleries.models import Candidate
from curation.validators.hashes import Fingerprint, probes, tone_distance
from curation.validators.models import PictureHash
from curation.validators.verdicts import Measured, Policy, Validator

RADIUS = 7  # bits of 64: one bit off in some chunk, so 68 values are looked up
FARTHEST = 255.0
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('curation.validators.near'))"
_DISTANCE = "bit_count((curation_picturehash.bits # %s)::bit(64))"


def lock_hashes() -> None:
    """Until the transaction ends nobody else compares and adds: of two twins at once, one is first.

    Take it after the round's row, as every publication does.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def within(bits: int, radius: int = RADIUS) -> QuerySet[PictureHash]:
    """Fingerprints of pictures that are or were shown, at most `radius` bits from some bits."""
    values = enumerate(probes(bits, radius))
    some_chunk = reduce(or_, (Q(**{f"chunk_{place}__in": chunk}) for place, chunk in values))
    far = RawSQL(_DISTANCE, (bits,), output_field=models.IntegerField())  # noqa: S611 - a constant
    found = PictureHash.objects.filter(some_chunk).annotate(distance=far)
    return found.filter(distance__lte=radius).exclude(candidate__status=Candidate.Status.HELD)


class Near(Validator[Fingerprint]):
    """Whether nearly the same picture is or was shown; the score is the distance in tones.

    In levels of 256, averaged over the fields of a fingerprint; 255 when nothing is near.
    """

    name = "near-duplicate"
    usual = Policy.DROP
    fails_below = True
    of_twins = False  # they are alike by design
    limit: ClassVar[float] = 1.5

    def measure(self, subject: Fingerprint) -> Measured:
        rows = within(subject.bits).values_list("tones", "candidate__digest")
        apart = ((tone_distance(bytes(tones), subject.tones), digest) for tones, digest in rows)
        score, digest = min(apart, default=(FARTHEST, ""))
        return Measured(score, f"It is nearly the same as {digest[:16]}, which was shown before.")
