"""Where staff register passkeys and raise their sessions. Whoever has no role finds nothing."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from curation.accounts.models import Member
from curation.errors import CurationError
from curation.moderation.desk import for_role, number, say, tabs
from curation.passkeys import doors, rules, services
from curation.passkeys.errors import PasskeyRefused
from curation.passkeys.models import Passkey, PasskeyChallenge
from curation.rates import TooMany

keys_page = for_role(Member.Role.MODERATOR, raised=False)


@keys_page
@require_safe
def keys(request: HttpRequest, me: Member) -> HttpResponse:
    """One's passkeys; to a session that is not raised, the way to raise it."""
    rows = list(Passkey.objects.filter(member=me))
    context = tabs(me) | {
        "keys": rows,
        "raised": doors.is_raised(request, me),
        "needed": doors.needs_passkey(me),
        "impossible": rules.why_impossible(),
        "hours": int(rules.RAISED_FOR.total_seconds() // 3600),
        "next": _next(request),
    }
    if not doors.may_pass(request, me):
        context |= {"second_count": 0, "appeals_count": 0}  # nothing of the desk is told yet
    return render(request, "moderation/keys.html", context)


@keys_page
@require_POST
def options(request: HttpRequest, me: Member) -> HttpResponse:
    """What the browser is to ask an authenticator, as JSON; `for` says what it is for."""
    return _answer(lambda said: _options(request, me, said), request)


@keys_page
@require_POST
def answer(request: HttpRequest, me: Member) -> HttpResponse:
    """What the authenticator answered, as JSON: a new passkey, or one that raises the session."""
    return _answer(lambda said: _take(request, me, said), request)


@for_role(Member.Role.MODERATOR)
@require_POST
def remove(request: HttpRequest, me: Member) -> HttpResponse:
    """Remove one of one's passkeys."""

    def removed() -> str:
        pk = number(request.POST.get("passkey", ""))
        services.remove_passkey(member=me, passkey_id=pk, by=me)
        return "Removed. Sessions that it raised are no longer."

    say(request, removed)
    return redirect("moderation-keys")


def _options(request: HttpRequest, me: Member, said: dict[str, Any]) -> dict[str, Any]:
    if said.get("for") == PasskeyChallenge.Purpose.ENROL:
        return services.options_to_enrol(request=request, member=me)
    return services.options_to_raise(request=request, member=me)


def _take(request: HttpRequest, me: Member, said: dict[str, Any]) -> dict[str, Any]:
    credential = said.get("credential")
    if not isinstance(credential, dict):
        raise PasskeyRefused("The browser’s answer makes no sense.")
    if said.get("for") == PasskeyChallenge.Purpose.ENROL:
        name = str(said.get("name", ""))
        services.enrol_passkey(request=request, member=me, name=name, credential=credential)
    else:
        services.raise_session(request=request, member=me, credential=credential)
    return {"raised": True}


def _answer(do: Any, request: HttpRequest) -> JsonResponse:
    """Do something with a JSON body; a refusal is told as the API tells one."""
    try:
        said = json.loads(request.body) if len(request.body) <= rules.ANSWER_LONGEST else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return JsonResponse({"detail": "A JSON object is expected."}, status=400)
    try:
        return JsonResponse(do(said))
    except CurationError as error:
        status = getattr(error, "status", 422)
        response = JsonResponse({"detail": str(error)}, status=status)
        if isinstance(error, TooMany):
            response["Retry-After"] = str(error.retry_after_s)
        return response


def _next(request: HttpRequest) -> str:
    """The page of the panel to go on to."""
    wanted, panel = request.GET.get("next", ""), reverse("moderation")
    inside = wanted.startswith(panel) and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if inside else panel
