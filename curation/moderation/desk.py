"""What the moderators' pages share: who may read them, the tabs, what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from curation.accounts.models import Member
from curation.errors import CurationError
from curation.moderation import proposals, roles
from curation.moderation.models import Appeal, Reason
from curation.passkeys import doors

Panel = Callable[..., HttpResponseBase]
KEY_DIGITS = 10  # of an id in a form; longer ones are no ids


def staff_only(view: Panel) -> Panel:
    """Hand the moderator to a view; everybody else finds nothing.

    Where a passkey is due, the session is raised first.
    """
    return for_role(roles.Role.MODERATOR)(view)


def operators_only(view: Panel) -> Panel:
    """The same for operators."""
    return for_role(roles.Role.OPERATOR)(view)


def for_role(role: Member.Role, *, raised: bool = True) -> Callable[[Panel], Panel]:
    """Let this role and those above it pass; `raised`: with a passkey, where one is due."""

    def wrap(view: Panel) -> Panel:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            me = request.user
            if not isinstance(me, Member) or not roles.has_role(me, role):
                raise Http404
            if raised and not doors.may_pass(request, me):
                return _to_the_keys(request)
            return view(request, me, *args, **kwargs)

        return guarded

    return wrap


def _to_the_keys(request: HttpRequest) -> HttpResponseBase:
    """The page where a session is raised, and which page to come back to."""
    back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    url = reverse("moderation-keys") + (f"?{urlencode({'next': back})}" if back else "")
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url)


def tabs(me: Member) -> dict[str, Any]:
    """What the panel's frame shows to somebody."""
    return {
        "me": me,
        "role": roles.role_of(me),
        "is_operator": roles.has_role(me, roles.Role.OPERATOR),
        "second_count": proposals.waiting().count(),
        "appeals_count": Appeal.objects.filter(answered_at=None).count(),
        "reasons": Reason.choices,
    }


def number(value: str) -> int:
    """An id from a form; 0, which is nobody's, for anything else."""
    return int(value) if value.isdecimal() and len(value) < KEY_DIGITS else 0


def say(request: HttpRequest, do: Callable[[], str], *refusals: type[Exception]) -> None:
    """Do something, and say on the next page what came of it."""
    caught: tuple[type[Exception], ...] = (CurationError, *refusals)
    try:
        messages.success(request, do())
    except caught as error:
        messages.error(request, str(error))
