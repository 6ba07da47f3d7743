"""The moderators' page about agents and the vocabulary they compose from."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from curation.accounts.models import Member
from curation.moderation.desk import staff_only, tabs
from generation.agents.models import Agent, Primitive

SHOWN = 400
LONGEST = 60


@staff_only
@require_safe
def agents(request: HttpRequest, me: Member) -> HttpResponse:
    """Who composes prompts and how, and from which primitives; what they believe is elsewhere."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    kind = request.GET.get("kind", "")
    found = Primitive.objects.order_by("vocabulary", "kind", "name")
    if text:
        found = found.filter(Q(name__icontains=text) | Q(gloss__icontains=text))
    if kind in Primitive.Kind.values:
        found = found.filter(kind=kind)
    context = tabs(me) | {
        "agents": Agent.objects.order_by("-active", "name"),
        "primitives": found[:SHOWN],
        "count": found.count(),
        "kinds": Primitive.Kind.choices,
        "kind": kind,
        "text": text,
    }
    return render(request, "moderation/agents.html", context)
