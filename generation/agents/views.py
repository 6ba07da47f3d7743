"""The preview of a brief's prompts, and what agents believe the community likes."""

from __future__ import annotations

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curation.accounts.doors import member_required
from curation.accounts.models import Member
from curation.briefs.forms import BriefForm
from generation.agents import previews
from generation.agents.pages import beliefs_page
from generation.agents.previews import Preview, PreviewGone, PreviewRunning, Progress
from generation.versions.models import ModelVersion

KEPT_S = 60  # beliefs: thousands of pictures are read for them


@never_cache
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a preview of the brief in the form, which is left as it is."""
    if _is_live(request) and not isinstance(request.user, Member):
        return _said(request, "You are signed out by now. Sign in to see a preview.")
    return _ask(request)


@member_required
def _ask(request: HttpRequest, member: Member) -> HttpResponse:
    live = _is_live(request)
    form = BriefForm(request.POST)
    if not form.is_valid():
        template = "briefs/form.html" if live else "brief_new.html"
        response = render(request, template, {"form": form})
        response["HX-Retarget"], response["HX-Reswap"] = "#brief-form", "outerHTML"
        return response
    try:
        preview = previews.ask_for_preview(member=member, wanted=form.cleaned_data)
    except PreviewRunning as error:
        return _said(request, str(error))
    if live:
        return _shown(request, preview, news="An agent is composing prompts.")
    return redirect("brief-preview-result", preview.token)


@never_cache
@require_safe
def result(request: HttpRequest, token: str) -> HttpResponse:
    """A preview as far as it is; the fragment asks again by itself until there is a result."""
    live = _is_live(request)
    try:
        preview = previews.preview_of(token=token, member_id=request.user.pk or 0)
    except PreviewGone as error:
        if live:
            return _said(request, str(error))
        raise Http404 from error
    if not live:
        return render(request, "briefs/preview_page.html", _context(preview))
    news = {"done": "The prompts are ready.", "failed": "There is no preview."}
    return _shown(request, preview, news=news.get(preview.state, ""))


def _is_live(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


def _context(preview: Preview) -> dict[str, object]:
    return {
        "preview": preview,
        "progress": Progress.of(preview) if preview.running else None,
        "patience_s": previews.PATIENCE_S,
    }


def _shown(request: HttpRequest, preview: Preview, news: str) -> HttpResponse:
    """The fragment, and what a screen reader is told once."""
    return render(request, "briefs/preview.html", _context(preview) | {"news": news})


def _said(request: HttpRequest, said: str) -> HttpResponse:
    """A sentence where the preview would be."""
    template = "briefs/preview.html" if _is_live(request) else "briefs/preview_page.html"
    return render(request, template, {"said": said, "news": said})


@require_safe
@never_cache
def beliefs(request: HttpRequest) -> HttpResponse:
    """What agents believe the community likes."""
    live = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE).first()
    vocabulary = live.vocabulary if live else ""
    page = cache.get_or_set(f"beliefs:{vocabulary}", lambda: beliefs_page(vocabulary), KEPT_S)
    return render(request, "agents/beliefs.html", {"page": page, "live": live})
