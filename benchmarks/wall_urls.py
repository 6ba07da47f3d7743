"""The site's pages, and the control of `wall`: the same page found by OFFSET."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from curation.galleries.models import Round
from curation.galleries.selectors import PAGE, Page, hanging
from curation.galleries.walls import Wall
from curation.live.selectors import position
from project.urls import handler400, handler404, handler500, urlpatterns  # noqa: F401


def offset_wall(request: HttpRequest, round_id: int) -> HttpResponse:
    """`round_wall`, but with a page number's cost."""
    round_ = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    skip = int(request.GET["skip"])
    at = position(round_.stream)
    found = list(hanging(round_)[skip : skip + PAGE + 1])
    for candidate in found:
        candidate.round = round_
    wall = Wall(round_, Page(found[:PAGE], str(found[PAGE - 1].pk)), at)
    return render(request, "round.html", {"wall": wall, "round": round_, "continued": True})


urlpatterns = [*urlpatterns, path("offset/<int:round_id>/", offset_wall)]
