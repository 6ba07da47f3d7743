"""A count as the sections of its bundle; docs/bundles.md says what each of them means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from curation.accounts.models import Delegation
from curation.ballots.models import Ballot
from curation.ballots.receipts import site_key, written
from curation.galleries.models import Candidate
from curation.standings.bundle import FORMAT, code_version
from curation.standings.gathering import ROWS, Count
from curation.standings.ranking import rewards_of


def sections_of(
    count: Count, delegations: list[Delegation], published_at: datetime
) -> dict[str, Any]:
    """Every section but ballots and manifest."""
    return {
        "format": FORMAT,
        "site": {"url": settings.SITE_URL},
        "code_version": code_version(),
        "round": _round(count, published_at),
        "parameters": count.parameters.as_json(),
        "candidates": _candidates(count),
        "delegations": [_delegation(row) for row in delegations],
        "reputations": [
            {
                "address": row.member.address,
                "frozen_at": written(row.frozen_at),
                "value": row.value,
            }
            for row in count.reputations
        ],
        "anchors": [{"count": a.count, "index": a.index, "root": a.root} for a in count.anchors],
        "receipt_key": site_key(),
        **_of_the_chain(count),
        **_result(count),
    }


def delegations_of(count: Count) -> list[Delegation]:
    """The delegations under which the round's ballots were signed, in a fixed order."""
    used = Ballot.objects.filter(round=count.round_).values("delegation_id")
    found = Delegation.objects.filter(pk__in=used).select_related("key__member")
    return list(found.order_by("key__member__address", "pk"))


def ballot_rows(count: Count, delegations: list[Delegation]) -> Iterator[dict[str, Any]]:
    """The ballots section, row by row, in the order in which they were counted."""
    number = {row.pk: place for place, row in enumerate(delegations)}
    rows = Ballot.objects.filter(round=count.round_).order_by("digest").values(*_BALLOT)
    counted = zip(
        count.ballot_ids, count.entries, count.verdicts.weights, count.verdicts.whys, strict=True
    )
    for row, (pk, entry, weight, why) in zip(rows.iterator(chunk_size=ROWS), counted, strict=True):
        if row["pk"] != pk:
            raise RuntimeError("Ballots of a closed round changed while they were counted.")
        yield {
            "accepted_at": written(row["accepted_at"]),
            "anchor": row["anchor__index"],
            "chosen": entry.chosen,
            "delegation": number.get(row["delegation_id"]),
            "digest": row["digest"],
            "issued_at": row["issued_at"],
            "nonce": str(entry.nonce),
            "outcome": entry.outcome,
            "pair": entry.pair,
            "rejected": entry.rejected,
            "signature": _plain(row["signature"]),
            "signer": row["signer"],
            "voter": entry.voter,
            "wallet": row["wallet_kind"],
            "weight": weight,
            "why": why.value,
        }


_BALLOT = (
    *("pk", "digest", "issued_at", "signer", "signature", "delegation_id", "wallet_kind"),
    *("accepted_at", "anchor__index"),
)


def _round(count: Count, published_at: datetime) -> dict[str, Any]:
    round_ = count.round_
    return {
        "brief": round_.brief.title,
        "closed_at": written(round_.closed_at or published_at),
        "closes_at": written(round_.closes_at),
        "id": round_.pk,
        "number": round_.number,
        "opened_at": written(round_.opened_at),
        "published_at": written(published_at),
    }


def _candidates(count: Count) -> list[dict[str, Any]]:
    """All of the round; the words of one that was taken down stay taken down."""
    return [
        {
            "anchored": row.digest in count.facts.anchored,
            "digest": row.digest,
            "prompt": row.prompt if row.status == Candidate.Status.PUBLISHED else "",
            "status": row.status,
            "trial": row.trial,
        }
        for row in count.candidates
    ]


def _delegation(row: Delegation) -> dict[str, Any]:
    return {
        "accepted_at": written(row.accepted_at),
        "address": row.key.member.address,
        "expires_at": written(row.expires_at),
        "key": row.key.did_key,
        "kind": row.kind,
        "message": row.message,
        "proof": _plain(row.proof),
        "revoked_at": written(row.revoked_at) if row.revoked_at else None,
        "signature": _plain(row.signature),
    }


def _of_the_chain(count: Count) -> dict[str, Any]:
    """What only the chain can vouch for."""
    facts, snapshot = count.facts, count.facts.snapshot
    kin: set[tuple[str, str]] = {(min(pair), max(pair)) for pair in facts.kin}
    return {
        "chain": {
            "contract": facts.contract,
            "id": facts.chain_id,
            "refundable": facts.refundable,
            "roots": list(facts.roots),
        },
        "snapshot": snapshot
        and {"at": written(snapshot.at), "block": snapshot.block, "hash": snapshot.hash},
        "principal": [
            {"address": voter, "wei": str(facts.principal_wei.get(voter, 0))}
            for voter in (count.voters if snapshot else ())
        ],
        "kin": [{"one": one, "other": other} for one, other in sorted(kin)],
        "stakes": [
            {"address": address, "digest": digest, "wei": str(wei)}
            for address, digest, wei in sorted(facts.stakes)
        ],
        "pool_wei": str(facts.pool_wei),
    }


def _result(count: Count) -> Mapping[str, Any]:
    winners = [place for place in count.places if place.share_bps]
    return {
        "standings": [
            {
                "comparisons": place.comparisons,
                "deviation": place.deviation,
                "digest": place.digest,
                "rank": place.rank,
                "score": place.score,
                "weight": place.weight,
            }
            for place in count.places
        ],
        "winners": [{"digest": place.digest, "share_bps": place.share_bps} for place in winners],
        "no_winner": count.no_winner,
        "rewards": [
            {"address": reward.address, "digest": reward.digest, "wei": str(reward.wei)}
            for reward in rewards_of(count.places, count.facts.stakes, count.facts.pool_wei)
        ],
    }


def _plain(signature: str) -> str:
    return signature.removeprefix("0x").lower()
