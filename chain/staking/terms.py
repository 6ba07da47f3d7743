"""The terms of staking as the deployed contracts have them; no node is asked."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from chain.indexer.models import Block
from chain.operator.heads import CLOCKS_DIFFER_S
from chain.operator.selectors import CURATION, FAUCET, deployment
from curation.stakes.terms import Terms


def terms() -> Terms | None:
    """The terms on the site's chain; None without contracts."""
    contract, faucet = deployment(CURATION), deployment(FAUCET)
    if contract is None:
        return None
    return Terms(
        smallest_wei=int(contract.arguments.get("smallestStake_", 1)),
        faucet_wei=int(faucet.arguments.get("portion_", 0)) if faucet is not None else 0,
        ahead=_ahead(),
    )


def _ahead() -> timedelta:
    """How far the newest block we followed lies in our future: its clock was moved on."""
    newest = Block.objects.order_by("-number").values_list("at", flat=True).first()
    ahead = newest - timezone.now() if newest is not None else timedelta()
    return ahead if ahead.total_seconds() > CLOCKS_DIFFER_S else timedelta()
