"""Rounds that are on the chain, as far as the tables say, and pictures without files."""

from __future__ import annotations

import hashlib
import itertools
from datetime import timedelta

from django.utils import timezone

from curation.galleries.models import Candidate, Round
from curation.stakes.models import AnchoredBatch, Batch, ChainRound
from tests.factories import RoundFactory, provenance

_number = itertools.count(1_000_000)  # above those that tests give to `publish`


def hang(round_: Round, count: int, ago: timedelta = timedelta()) -> list[Candidate]:
    """Candidates without files, all at once, published `ago`."""
    rows = []
    for number in itertools.islice(_number, count):
        digest = hashlib.sha256(f"hung {number}".encode()).hexdigest()
        facts = vars(provenance(number))
        rows.append(Candidate(round=round_, digest=digest, size_bytes=1, **facts))
    hung = Candidate.objects.bulk_create(rows)
    if ago:
        ids = [candidate.pk for candidate in hung]
        Candidate.objects.filter(pk__in=ids).update(published_at=timezone.now() - ago)
    return hung


def put_on_chain(round_: Round, **changes: object) -> ChainRound:
    """What the indexer writes when the contract has opened a round."""
    deadline = round_.closes_at - timedelta(minutes=10)
    facts = {
        "state": "open",
        "anchor_deadline": deadline,
        "staking_deadline": deadline,
        "result_deadline": round_.closes_at + timedelta(days=1),
        "challenge_s": 300,
    }
    return ChainRound.objects.create(round=round_, **(facts | changes))


def round_on_chain(waiting: int = 0, ago: timedelta = timedelta(), **changes: object) -> Round:
    """An open round with candidates in no batch yet."""
    round_ = RoundFactory()
    put_on_chain(round_, **changes)
    hang(round_, waiting, ago)
    return round_


def anchored(batch: Batch, index: int = 0, **changes: object) -> AnchoredBatch:
    """What the indexer writes when the contract has a batch's root."""
    facts = {
        "count": batch.count,
        "uri": "",
        "block_number": 1234,
        "tx_hash": "7a" * 32,
    }
    return AnchoredBatch.objects.create(
        round_id=batch.round_id, index=index, root=batch.root, **(facts | changes)
    )
