"""The result of a round: sealed, being counted, or there for everyone to count again."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.accounts.models import Member
from curation.cursors import CursorInvalid
from curation.galleries.models import Round
from curation.live.selectors import position
from curation.standings.places import rank_of_cursor
from curation.standings.results import Result
from curation.standings.selectors import tally_of
from curation.standings.waiting import counting_of


@require_safe
@never_cache
def result(request: HttpRequest, round_id: int) -> HttpResponse:
    """A round's result; `?after=` continues its ranking, as a fragment when htmx asks."""
    round_ = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    if round_.status == Round.Status.CANCELLED:
        return render(request, "standings/cancelled.html", {"round": round_})
    if round_.is_open or (tally := tally_of(round_)) is None:
        return _not_yet(request, round_)
    tally.round = round_
    try:
        after = rank_of_cursor(request.GET.get("after", ""))
    except CursorInvalid as error:
        return render(request, "errors/400.html", {"reason": error}, status=400)
    visitor = request.user if isinstance(request.user, Member) else None
    found = Result.of(tally, visitor, after=after)
    context = {
        "result": found,
        "settlement": found.settlement,
        "round": round_,
        "tally": tally,
        "continued": after > 0,
        "bundle_file": f"round-{round_.pk}-{tally.bundle_digest[:12]}.json",
    }
    if "part" in request.GET:
        return render(request, "standings/settlement.html", context)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "standings/result.html#more", context)
    return render(request, "standings/result.html", context)


def _not_yet(request: HttpRequest, round_: Round) -> HttpResponse:
    # The position is read first: an event seen twice does no harm, one missed is lost.
    context = {"round": round_, "number": position(round_.stream)}
    if round_.is_open:
        return render(request, "standings/sealed.html", context)
    name = "standings/counting.html" + ("#steps" if "part" in request.GET else "")
    return render(request, name, context | {"counting": counting_of(round_)})


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The program that counts a bundle again, as it lies at the root of the source code."""
    path = Path(settings.BASE) / "verify_round.py"
    if not path.exists():
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_round.py"'
    return response
