"""The moderators' pages. Whoever has no role finds nothing here."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from curation.accounts.models import Member
from curation.accounts.rules import AddressInvalid, checksum_address
from curation.errors import CurationError
from curation.galleries import files
from curation.galleries.models import Candidate
from curation.moderation import acting, log, proposals, roles, rules, sanctions
from curation.moderation import appeals as answering
from curation.moderation import queue as waiting
from curation.moderation.deeds import deeds
from curation.moderation.desk import number, say, staff_only, tabs
from curation.moderation.models import Appeal, ModerationAction, Proposal, Reason, Sanction
from curation.moderation.winners import winners_among

LOG_PAGE = 100


@staff_only
@require_safe
def queue(request: HttpRequest, me: Member) -> HttpResponse:
    """What waits, as a grid with keys."""
    found = waiting.sources()
    source = next((s for s in found if s.name == request.GET.get("source")), found[0])
    wanted = waiting.Wanted(
        text=request.GET.get("q", "").replace("\0", ""),
        reason=request.GET.get("reason", ""),
        escalated="escalated" in request.GET,
    )
    context = tabs(me) | {
        "sources": [(s, s.count()) for s in found],
        "source": source,
        "wanted": wanted,
        "items": source.items(wanted, waiting.PAGE),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "moderation/queue.html#grid", context)
    return render(request, "moderation/queue.html", context)


@staff_only
@require_POST
def act(request: HttpRequest, me: Member) -> HttpResponse:
    """Do something to one thing or to many; many are shown first."""
    said = request.POST
    keys, deed, reason = said.getlist("digest"), said.get("deed", ""), said.get("reason", "")
    source = _acting_source(said.get("source", ""))
    words = {"deed": deed, "reason": reason, "note": said.get("note", "")}
    label = dict(Reason.choices).get(reason)
    context = tabs(me) | words | {"source": source, "label": label}
    if "preview" in said:
        return render(request, "moderation/preview.html", context | _shown_first(keys, source))
    try:
        if source:
            outcome = acting.act_on_items(source=source, keys=keys, by=me, **words)
        else:
            outcome = acting.act_on_many(digests=keys, by=me, **words)
    except CurationError as error:
        return _answer(request, context | {"refusal": error})
    context |= {"outcome": outcome, "can_undo": outcome.done and deed in ("hide", "restore")}
    return _answer(request, context)


def _acting_source(name: str) -> Any:
    """The source that does its own deeds; None for pictures."""
    found = (s for s in waiting.sources() if s.name == name and hasattr(s, "act"))
    return next(found, None)


def _shown_first(keys: list[str], source: Any) -> dict[str, Any]:
    """What many at once are about, before anything happens."""
    keys = keys[: rules.BULK_MOST]
    if source:
        items = source.items(waiting.Wanted(), waiting.PAGE * 10)
        return {"items": [item for item in items if item.key in set(keys)]}
    return {"candidates": Candidate.objects.filter(digest__in=keys), "won": winners_among(keys)}


@staff_only
@require_POST
def undo(request: HttpRequest, me: Member) -> HttpResponse:
    """Take back what was done together."""
    context = tabs(me) | {"deed": "undo"}
    try:
        context["outcome"] = acting.undo(batch=request.POST.get("batch", ""), by=me)
    except CurationError as error:
        context["refusal"] = error
    return _answer(request, context)


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "moderation/outcome.html", context)
    shown = [s for s in waiting.sources() if s.name == request.POST.get("source")]
    counted = {"sources": [(s, s.count()) for s in shown]}  # the others count with the next grid
    return render(request, "moderation/outcome.html#outcome", context | counted)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest, me: Member) -> HttpResponse:
    """What waits for a second person; and the form to propose what is not done to pictures."""
    if request.method == "POST":
        say(request, lambda: _decide(request, me))
        return redirect("moderation-second")
    undone = Proposal.objects.filter(status=Proposal.Status.CONFIRMED, done_at=None)
    known = deeds()
    context = tabs(me) | {
        "waiting": [(row, known.get(row.deed)) for row in proposals.waiting()],
        "undone": [(row, known.get(row.deed)) for row in undone],
        "deeds": [d for d in known.values() if roles.has_role(me, d.role)],
    }
    return render(request, "moderation/second.html", context)


def _decide(request: HttpRequest, me: Member) -> str:
    said = request.POST
    if said.get("do") == "propose":
        proposals.propose(
            deed_name=said.get("deed", ""),
            object=said.get("object", "")[:120],
            by=me,
            reason=said.get("reason", ""),
            note=said.get("note", ""),
        )
        return "Proposed. A second person has two days to confirm it."
    pk = said.get("proposal", "")
    row = get_object_or_404(Proposal, pk=number(pk))
    if said.get("do") == "decline":
        proposals.decline(proposal=row, by=me)
        return "Declined."
    if said.get("do") == "carry-out":
        proposals.carry_out(proposal=row, by=me)
        return "Carried out."
    proposals.confirm(proposal=row, by=me)
    return "Confirmed and done."


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def appeals(request: HttpRequest, me: Member) -> HttpResponse:
    """Appeals that wait for an answer."""
    if request.method == "POST":
        pk = request.POST.get("appeal", "")
        row = get_object_or_404(Appeal, pk=number(pk))
        answer, lift = request.POST.get("answer", ""), request.POST.get("do") == "lift"

        def answered() -> str:
            answering.answer_appeal(appeal=row, by=me, answer=answer, lift=lift)
            return "Answered."

        say(request, answered)
        return redirect("moderation-appeals")
    rows = Appeal.objects.filter(answered_at=None).select_related("sanction__member", "against")
    return render(request, "moderation/appeals.html", tabs(me) | {"rows": rows})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, me: Member, address: str) -> HttpResponse:
    """A member as moderators see them, with what can be done."""
    try:
        found = get_object_or_404(Member, address=checksum_address(address))
    except AddressInvalid as error:
        raise Http404 from error
    if request.method == "POST":
        say(request, lambda: _sanction(request, me, found))
        return redirect("moderation-member", found.address)
    rows = Sanction.objects.filter(member=found).select_related("by")
    living = set(sanctions.standing(found).values_list("pk", flat=True))
    context = tabs(me) | {
        "person": found,
        "sanctions": [(row, row.pk in living) for row in rows],
        "actions": ModerationAction.objects.filter(object=f"member:{found.address}")[:50],
        "reports": found.reports.select_related("candidate").order_by("-pk")[:50],  # type: ignore[attr-defined]
    }
    return render(request, "moderation/member.html", context)


def _sanction(request: HttpRequest, me: Member, found: Member) -> str:
    said = request.POST
    words: dict[str, Any] = {
        "by": me,
        "reason": said.get("reason", ""),
        "note": said.get("note", ""),
    }
    match said.get("do"):
        case "strike":
            sanctions.strike_member(member=found, **words)
            return "A strike was given."
        case "mute":
            sanctions.mute_member(member=found, **words)
            return "Muted for a week."
        case "ban":
            proposals.propose(deed_name="ban", object=f"member:{found.address}", **words)
            return "Proposed. The ban begins once a second person confirms it."
        case _:
            pk = said.get("sanction", "")
            known = Sanction.objects.filter(member=found).select_related("member")
            row = get_object_or_404(known, pk=number(pk))
            sanctions.lift_sanction(sanction=row, by=me, note=words["note"])
            return "Lifted."


@staff_only
@require_safe
def log_page(request: HttpRequest, me: Member) -> HttpResponse:
    """The log, the newest line first."""
    rows = ModerationAction.objects.select_related("actor")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        rows = rows.filter(number__lt=int(before))
    found = list(rows[: LOG_PAGE + 1])
    context = tabs(me) | {
        "rows": found[:LOG_PAGE],
        "before": found[LOG_PAGE - 1].number if len(found) > LOG_PAGE else None,
    }
    return render(request, "moderation/log.html", context)


@staff_only
@require_safe
def log_export(request: HttpRequest, me: Member) -> HttpResponseBase:
    """The log as JSON lines, for `verify_moderation_log`."""
    response = HttpResponse("".join(log.lines()), content_type="application/x-ndjson")
    response["Content-Disposition"] = 'attachment; filename="moderation-log.jsonl"'
    return response


@staff_only
@require_safe
def picture(request: HttpRequest, me: Member, digest: str) -> HttpResponse:
    """A picture's thumbnail for moderators, hidden ones too; never kept by a cache."""
    get_object_or_404(Candidate, digest=digest)
    try:
        with default_storage.open(files.thumbnail_name(digest)) as file:
            response = HttpResponse(file.read(), content_type="image/webp")
    except FileNotFoundError as error:
        raise Http404 from error
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
