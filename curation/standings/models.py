"""What a round came to: published once, after it has closed, with all that leads there."""

from __future__ import annotations

from django.db import models

from curation.galleries.models import Candidate, Round
from curation.stakes.models import hash_field


class Tally(models.Model):
    """The count of a closed round's ballots; its bundle lets anyone count again."""

    round = models.OneToOneField(Round, models.PROTECT, primary_key=True, related_name="tally")
    published_at = models.DateTimeField()
    parameters = models.JSONField()  # of weights and standings, as in the bundle
    code_version = models.CharField(max_length=80)
    ballots_count = models.PositiveIntegerField()  # accepted
    counted_count = models.PositiveIntegerField()  # with a weight above zero
    voters_count = models.PositiveIntegerField()  # with such a ballot
    weight_total = models.FloatField()
    effective_count = models.FloatField()  # Kish: (Σw)² / Σw²
    ballots_root = hash_field(blank=True)  # of all ballots; empty when there were none
    bundle_digest = hash_field()  # SHA-256 of the published bundle
    bundle_bytes = models.PositiveBigIntegerField()
    no_winner = models.CharField(max_length=200, blank=True)  # why nobody won, if nobody did


class Standing(models.Model):
    """A candidate's place in a tally. Scores are log-odds, 0 for an average candidate."""

    tally = models.ForeignKey(Tally, models.CASCADE, related_name="standings", db_index=False)
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="standings")
    rank = models.PositiveIntegerField()  # from 1
    score = models.FloatField()
    deviation = models.FloatField()  # of the score; ±1.96 of it hold the score in 95 of 100
    comparisons = models.PositiveIntegerField()  # ballots with weight that had it in the pair
    weight = models.FloatField()  # their sum
    share_bps = models.PositiveSmallIntegerField(default=0)  # of the pool, if it won

    class Meta:
        ordering = ("tally_id", "rank")
        constraints = (
            models.UniqueConstraint(name="standing_once", fields=["tally", "candidate"]),
            models.UniqueConstraint(name="standing_rank_once", fields=["tally", "rank"]),
        )
