"""What is kept of the chain when a round opens."""

from __future__ import annotations

from django.db import models

from curation.galleries.models import Round
from curation.stakes.models import hash_field


class Snapshot(models.Model):
    """The last final block before a round opened: principal weighs as it was then."""

    round = models.OneToOneField(
        Round, models.PROTECT, primary_key=True, related_name="chain_snapshot"
    )
    chain_id = models.PositiveBigIntegerField()
    block_number = models.PositiveBigIntegerField()
    block_hash = hash_field()
    at = models.DateTimeField()  # the block's time
    taken_at = models.DateTimeField(auto_now_add=True)
