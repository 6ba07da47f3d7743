"""What became of one's vote, and the program that checks it."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.models import Ballot
from generation.preferences.receipts import learning_receipts


@require_safe
@never_cache
@member_required
def ballot_learning(request: HttpRequest, member: Member, digest: str) -> HttpResponse:
    """What one's own ballot taught; others' are not found."""
    ballots = Ballot.objects.select_related("round__brief")
    found = get_object_or_404(ballots, digest=digest, voter=member)
    receipts = learning_receipts(found)
    context = {"ballot": found, "round": found.round, "receipts": receipts, "first": receipts[0]}
    return render(request, "preferences/learning.html", context)


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The program that checks a learning receipt, as it lies at the root of the source code."""
    path = Path(settings.BASE) / "verify_learning.py"
    if not path.exists():
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_learning.py"'
    return response
