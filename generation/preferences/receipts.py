"""What became of a ballot: from it to a dataset's row, a training run and a model version.

A receipt holds the row as it was hashed and its Merkle proof, so that whoever has the dataset's
root can check it with nothing else: `verify_learning.py RECEIPT` does.
"""

from __future__ import annotations

from typing import Any

from chain.merkle.tree import MerkleTree
from curation.models import Ballot
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.preferences.selectors import COUNTED, rows_of
from generation.preferences.services import fields_of
from generation.training.models import TrainingRun

WAITING = "waiting"  # the dataset is not made yet
LEFT_OUT = "left_out"
IN_DATASET = "in_dataset"


def learning_receipts(ballot: Ballot) -> list[dict[str, Any]]:
    """One receipt for each dataset a ballot went into: its round's, and those that replayed it."""
    own = PreferenceDataset.objects.filter(round=ballot.round_id).first()
    if own is None:
        return [{"status": WAITING, "ballot": ballot.digest, "why": _why_waiting(ballot)}]
    rows = list(rows_of(ballot).select_related("dataset"))
    if not rows:
        return [{"status": LEFT_OUT, "ballot": ballot.digest, "why": why_left_out(ballot)}]
    return [_receipt(ballot, row) for row in rows]


def _receipt(ballot: Ballot, row: PreferenceRow) -> dict[str, Any]:
    dataset = row.dataset
    leaves = dataset.rows.values_list("leaf", flat=True)
    proof = MerkleTree(map(bytes.fromhex, leaves)).proof(bytes.fromhex(row.leaf))
    run = TrainingRun.objects.filter(dataset=dataset).select_related("version").first()
    return {
        "status": IN_DATASET,
        "ballot": ballot.digest,
        "row": fields_of(dataset.round_id, row.index, row),
        "leaf": row.leaf,
        "proof": [node.hex() for node in proof],
        "root": dataset.root,
        "rows_count": dataset.rows_count,
        "unfit": dataset.unfit,
        "run": run and {"id": run.pk, "status": run.status, "reason": run.reason},
        "version": run and run.version and run.version.slug,
    }


def _why_waiting(ballot: Ballot) -> str:
    if ballot.why:
        return "The round is counted; its dataset will be made within minutes."
    return "The round is not counted yet."


def why_left_out(ballot: Ballot) -> str:
    """Why a ballot of a counted round trains nothing, for its voter."""
    if ballot.why not in COUNTED:
        return f"It did not count in the standings, so it does not train: {ballot.why}."
    return (
        "It counted in the standings. Only pairs of one prompt train, of the size that most of the "
        "round has, and none with a picture that was taken down since."
    )
