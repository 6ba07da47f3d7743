"""Home and brief pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from curation.briefs import selectors
from curation.briefs.models import Brief
from curation.galleries.models import Round
from curation.galleries.selectors import open_rounds
from curation.galleries.walls import Wall

STRIP = 11  # one large and two rows of five small


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is being drawn now, and every brief."""
    strips = [Wall.of(round_, size=STRIP) for round_ in open_rounds()]
    briefs = selectors.briefs_on_show()
    return render(request, "home.html", {"strips": strips, "briefs": briefs})


@require_safe
def brief(request: HttpRequest, slug: str) -> HttpResponse:
    """A brief, its rounds, and the wall of the newest one."""
    found = get_object_or_404(Brief, slug=slug)
    rounds = list(Round.objects.filter(brief=found).order_by("-number"))
    for round_ in rounds:
        round_.brief = found
    walls = [Wall.of(round_, size=STRIP) for round_ in rounds[:6]]
    return render(request, "brief.html", {"brief": found, "walls": walls, "rounds": rounds})
