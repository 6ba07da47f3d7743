"""The model's home, and a page, a card and an adapter for every version."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from curation.postcards.selectors import pictures_of_version
from curation.postcards.views import postcard
from generation.versions import pages
from generation.versions.marks import taken_down_behind
from generation.versions.models import ModelVersion


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Which version draws, what is in the making, and how taste moved."""
    line = pages.timeline()
    context = {
        "live": next((page for page in line if page.version.status == "live"), None),
        "timeline": line,
        "run": pages.run_under_way(),
        "challenge": pages.challenge_under_way(),
    }
    return render(request, "versions/model.html", context)


@require_safe
@never_cache
def version(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything known of one version."""
    found = get_object_or_404(ModelVersion.objects.select_related("parent"), slug=slug)
    page = pages.page_of(found)
    context = {"page": page, "version": found, "taken_down": taken_down_behind(found)}
    return render(request, "versions/version.html", context)


@require_safe
def postcard_of(request: HttpRequest, slug: str) -> HttpResponse:
    """What a version drew, as a picture beside links to its page."""
    found = get_object_or_404(ModelVersion, slug=slug)
    digests = pictures_of_version(found.slug)
    return postcard(request, name=f"version:{found.slug}", title=found.slug, digests=digests)


@require_safe
def adapter(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The adapter as LoRA safetensors; its ETag is its hash."""
    found = get_object_or_404(ModelVersion, slug=slug)
    if not found.adapter:
        raise Http404
    tag = f'"{found.adapter_hash}"'
    if request.headers.get("If-None-Match") == tag:
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        try:
            file = default_storage.open(found.adapter)
        except FileNotFoundError as error:
            raise Http404 from error
        response = FileResponse(
            file,
            as_attachment=True,
            filename=pages.adapter_file(found),
            content_type="application/octet-stream",
        )
    response["ETag"] = tag
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_safe
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """The model card beside the adapter."""
    found = get_object_or_404(ModelVersion, slug=slug)
    if not found.adapter:
        raise Http404
    text = pages.card_of(pages.page_of(found))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")
