"""Who may pass: pages for members, and where to go after signing in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from curation.accounts.models import Member
from curation.clients import origin_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
MemberView = Callable[Concatenate[HttpRequest, Member, P], HttpResponse]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_at_home(request: HttpRequest) -> bool:
    """Whether the page was asked for under the site's own name, the one messages are signed for.

    A site on this machine answers under its other loopback names too; signing in would fail there.
    """
    try:
        site = urlsplit(origin_of(request)).hostname
        here = urlsplit(f"//{request.get_host()}").hostname
    except DisallowedHost:
        return True
    return here == site or site not in _LOOPBACK


def safe_next(request: HttpRequest, wanted: str) -> str:
    """A path of this site to go on to; the account page when `wanted` leads elsewhere."""
    is_path = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_path else reverse("account")


def _came_from(request: HttpRequest) -> str:
    """The page to come back to: this one, or the one whose form was sent."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referrer = urlsplit(request.headers.get("Referer", ""))
    return referrer.path if referrer.netloc == request.get_host() else ""


def member_required(view: MemberView[P]) -> View[P]:
    """Hand the signed-in member to a view; lead everybody else to the sign-in page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if isinstance(request.user, Member):
            return view(request, request.user, *args, **kwargs)
        query = urlencode({"next": safe_next(request, _came_from(request))})
        url = f"{reverse('sign-in')}?{query}"
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(url)
        return HttpResponseRedirect(url)

    return guarded
