"""The operators' page about the chain; it tells and does nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chain.operator.status import chain_state
from curation.accounts.models import Member
from curation.moderation.desk import operators_only, tabs


@operators_only
@require_safe
def chain(request: HttpRequest, me: Member) -> HttpResponse:
    """Node, indexer, keys, contracts, and what was sent and is not final."""
    return render(request, "moderation/chain.html", tabs(me) | {"chain_state": chain_state()})
