"""Building a preference dataset: once per counted round, whole or not at all, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction

from chain.merkle.tree import MerkleTree
from curation.models import Round
from curation.standings.bundle import canonical
from generation.errors import GenerationError
from generation.preferences import exports, rules, selectors
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.preferences.rules import Pairing
from generation.preferences.signals import dataset_built

FORMAT = "salon-preference-1"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('preference dataset', %s))"


class RoundNotCounted(GenerationError):
    """The round's tally is not published, so its ballots are sealed."""


@transaction.atomic
def build_preference_dataset(*, round_id: int) -> PreferenceDataset:
    """Make the dataset of a counted round; a second call returns what the first made.

    There is one for every counted round, also when nothing can be learned from it: it then says
    why. Files are in storage before the row that names them.

    Raises:
        Round.DoesNotExist: there is no such round.
        RoundNotCounted: its tally is not published yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [round_id])
    if (made := PreferenceDataset.objects.filter(round=round_id).first()) is not None:
        return made
    round_ = Round.objects.get(pk=round_id)
    if not Round.objects.filter(pk=round_id, tally__isnull=False).exists():
        raise RoundNotCounted(f"Round {round_id} has no published tally; its ballots are sealed.")
    size = selectors.usual(round_, *selectors.SIZE)
    votes = list(selectors.votes_of([round_id], size))
    new = rules.pairings(votes)
    alike = size | selectors.usual(round_, "base_hash")  # what another base drew is no help
    before = rules.pairings(selectors.votes_of(selectors.earlier_rounds(round_), alike))
    replayed = rules.replayed(before, new_count=len(new), seed=f"round {round_id}")
    pairings = rules.scaled([*new, *replayed])
    leaves = [leaf_of(fields_of(round_id, index, row)) for index, row in enumerate(pairings)]
    excluded = selectors.left_out(round_)
    effective = rules.effective_count([row.weight for row in pairings])
    voters = len({vote.voter for vote in votes})
    dataset = PreferenceDataset.objects.create(
        round=round_,
        root=root_of(leaves),
        rows_count=len(pairings),
        replayed_count=len(replayed),
        ballots_count=len(votes),
        voters_count=voters,
        effective_count=effective,
        excluded=excluded,
        unfit=rules.why_not_learned(
            labels=[row.label for row in new],
            voters_count=voters,
            effective=effective,
            left_out=sum(excluded.values()),
        ),
        parameters=_parameters(),
        files=exports.store(round_, pairings, leaves),
    )
    PreferenceRow.objects.bulk_create(
        [
            _row(dataset, index, pairing, leaf)
            for index, (pairing, leaf) in enumerate(zip(pairings, leaves, strict=True))
        ],
        batch_size=2_000,
    )
    transaction.on_commit(
        partial(dataset_built.send_robust, PreferenceDataset, dataset_id=dataset.pk)
    )
    return dataset


def fields_of(dataset_round: int, index: int, row: Pairing | PreferenceRow) -> dict[str, Any]:
    """Everything a row says, as its leaf hashes it; `dataset` is the round it was made after."""
    return {
        "format": FORMAT,
        "dataset": dataset_round,
        "index": index,
        "round": row.round_id,
        "prompt": row.prompt,
        "chosen": row.chosen,
        "rejected": row.rejected,
        "label": row.label,
        "weight": row.weight,
        "replayed": row.replayed,
        "ballots": list(row.ballots),
    }


def leaf_of(fields: Mapping[str, Any]) -> str:
    """SHA-256 of a row's canonical JSON, hex."""
    return hashlib.sha256(canonical(fields)).hexdigest()


def root_of(leaves: Sequence[str]) -> str:
    """The Merkle root over rows; empty when there are none."""
    return MerkleTree(map(bytes.fromhex, leaves)).root.hex() if leaves else ""


def _parameters() -> dict[str, float]:
    return {
        "least_voters": rules.LEAST_VOTERS,
        "least_effective_rows": rules.LEAST_EFFECTIVE_ROWS,
        "replay_share": rules.REPLAY_SHARE,
        "replay_weight": rules.REPLAY_WEIGHT,
        "replayed_rounds": selectors.REPLAYED_ROUNDS,
    }


def _row(dataset: PreferenceDataset, index: int, row: Pairing, leaf: str) -> PreferenceRow:
    return PreferenceRow(
        dataset=dataset,
        index=index,
        round_id=row.round_id,
        prompt=row.prompt,
        chosen=row.chosen,
        rejected=row.rejected,
        label=row.label,
        weight=row.weight,
        replayed=row.replayed,
        ballots=list(row.ballots),
        leaf=leaf,
    )
