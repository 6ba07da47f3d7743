"""Gathers published candidates into Merkle trees; sending their roots is another module's work."""

from __future__ import annotations

from django.db import transaction

from chain.merkle.tree import MerkleTree
from curation.galleries.models import Candidate, Round
from curation.galleries.selectors import hanging
from curation.stakes.models import AnchoredCandidate, Batch

AT_MOST = 2048  # candidates a batch: proofs of at most 11 hashes


@transaction.atomic
def gather_batch(*, round_id: int, at_most: int = AT_MOST) -> Batch | None:
    """Put an open round's candidates that are in no batch yet into one, the oldest first.

    None when the round is over or nothing waits. The round's row is locked, so that of two
    callers the second finds what the first has left.
    """
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_id)
    if not round_.is_open:
        return None
    waiting = list(hanging(round_).filter(anchor__isnull=True).order_by("pk")[:at_most])
    if not waiting:
        return None
    tree = MerkleTree(bytes.fromhex(candidate.digest) for candidate in waiting)
    batch = Batch.objects.create(round=round_, root=tree.root.hex(), count=len(tree))
    AnchoredCandidate.objects.bulk_create(_place(tree, batch, c) for c in waiting)
    return batch


def _place(tree: MerkleTree, batch: Batch, candidate: Candidate) -> AnchoredCandidate:
    proof = [sibling.hex() for sibling in tree.proof(bytes.fromhex(candidate.digest))]
    return AnchoredCandidate(candidate=candidate, batch=batch, proof=proof)
