"""A training run's page: where it stands, its curves, and what came of it."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.galleries import files
from curation.galleries.views import IMMUTABLE
from curation.models import Round
from generation.preferences.models import PreferenceDataset
from generation.training.curves import points_of
from generation.training.models import TrainingRun
from generation.training.pages import RunPage, left_out

TABLE_ROWS = 60


@require_safe
@never_cache
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """A run; htmx asks for the parts that change while it is under way."""
    runs = TrainingRun.objects.select_related("dataset__round__brief", "reference", "version")
    found = get_object_or_404(runs, pk=run_id)
    page = RunPage(found)
    part = request.GET.get("part", "")
    context = {
        "run": found,
        "page": page,
        "dataset": found.dataset,
        "round": found.dataset.round,
        "left_out": left_out(found.dataset.excluded),
        "points": [] if part == "figures" else points_of(found, TABLE_ROWS),
    }
    if part not in ("figures", "points"):
        return render(request, "training/run.html", context)
    response = render(request, f"training/run.html#{part}", context)
    if not page.is_under_way:
        response["HX-Refresh"] = "true"  # what came of it stands on the whole page
    return response


@require_safe
@never_cache
def of_round(request: HttpRequest, round_id: int) -> HttpResponse:
    """What became of a round's votes: its run, or why there is none."""
    round_ = get_object_or_404(Round.objects.select_related("brief"), pk=round_id)
    dataset = PreferenceDataset.objects.filter(round=round_).first()
    found = TrainingRun.objects.filter(dataset=dataset).first() if dataset else None
    if found:
        return redirect("training-run", found.pk)
    context = {
        "round": round_,
        "dataset": dataset,
        "left_out": left_out(dataset.excluded) if dataset else [],
    }
    return render(request, "training/none.html", context)


@require_safe
def sheet(request: HttpRequest, run_id: int, digest: str) -> HttpResponse:
    """A picture of a run's sample sheet. They hang on no wall, so the media path has none."""
    found = get_object_or_404(TrainingRun, pk=run_id)
    samples = found.figures.get("sheet", [])
    if not any(digest in (sample["challenger"], sample["reference"]) for sample in samples):
        raise Http404
    try:
        with default_storage.open(files.picture_name(digest)) as file:
            response = HttpResponse(file.read(), content_type="image/png")
    except FileNotFoundError as error:
        raise Http404 from error
    response["Cache-Control"] = IMMUTABLE
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-site"
    return response
