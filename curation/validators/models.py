"""What validators said, kept for ever, and the fingerprints that near pictures are found by."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from curation.galleries.models import Candidate, Round
from curation.validators.hashes import CHUNK_BITS, CHUNK_MASK, TONES_BYTES
from curation.validators.verdicts import REASON_LONGEST, Consequence, Outcome, Policy


class ValidatorResult(models.Model):
    """One validator's word about a prompt or a picture; a trigger refuses changes to it.

    `subject` names what was judged also where nothing came of it: a picture's job key, or the
    digest of a round's number and a prompt.
    """

    class Kind(models.TextChoices):
        PROMPT = "prompt"
        PICTURE = "picture"

    kind = models.CharField(max_length=8, choices=Kind)
    subject = models.CharField(max_length=64)
    round = models.ForeignKey(Round, models.PROTECT, related_name="validator_results")
    candidate = models.ForeignKey(
        Candidate, models.PROTECT, null=True, blank=True, related_name="validator_results"
    )
    prompt = models.TextField(max_length=1000)
    validator = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    outcome = models.CharField(max_length=8, choices=[(o.value, o.title()) for o in Outcome])
    policy = models.CharField(max_length=8, choices=[(p.value, p.title()) for p in Policy])
    consequence = models.CharField(
        max_length=8, choices=[(c.value, c.title()) for c in Consequence]
    )
    score = models.FloatField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=REASON_LONGEST, blank=True)
    examined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                name="validator_result_once", fields=["kind", "subject", "validator", "version"]
            ),
            models.CheckConstraint(
                name="validator_result_says_why", condition=Q(outcome="passed") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="validator_result_of_pictures_hangs",
                condition=Q(kind="picture") | Q(candidate__isnull=True),
            ),
        )
        indexes = (
            models.Index(
                name="validator_result_stopped",
                fields=["-id"],
                condition=~Q(consequence="none"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.validator} {self.outcome}"


def _chunk(place: int) -> models.GeneratedField:
    """A chunk of the bits, computed by the database itself."""
    shifted = F("bits").bitrightshift(CHUNK_BITS * place)  # type: ignore[attr-defined]
    return models.GeneratedField(
        expression=shifted.bitand(CHUNK_MASK), output_field=models.IntegerField(), db_persist=True
    )


class PictureHash(models.Model):
    """A candidate's fingerprint. Twins of a blind test have none."""

    candidate = models.OneToOneField(
        Candidate, models.PROTECT, primary_key=True, related_name="fingerprint"
    )
    bits = models.BigIntegerField()
    tones = models.BinaryField(max_length=TONES_BYTES)
    chunk_0 = _chunk(0)
    chunk_1 = _chunk(1)
    chunk_2 = _chunk(2)
    chunk_3 = _chunk(3)

    class Meta:
        indexes = tuple(
            models.Index(name=f"picture_hash_chunk_{place}", fields=[f"chunk_{place}"])
            for place in range(4)
        )

    def __str__(self) -> str:
        return f"{self.bits & (1 << 64) - 1:016x}"
