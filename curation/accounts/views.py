"""Sign-in, account and member pages. Signing in itself is done by the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from curation.accounts import delegations, selectors, services
from curation.accounts.doors import is_at_home, member_required, safe_next
from curation.accounts.forms import NameForm
from curation.accounts.models import Delegation, Member
from curation.accounts.rules import AddressInvalid, checksum_address

PAST_SHOWN = 12  # delegations that are over


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A delegation, and how it stands."""

    delegation: Delegation
    is_live: bool


@require_safe
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """The panel on a page of its own, for links from elsewhere and for reading without scripts."""
    if not is_at_home(request):
        return redirect(settings.SITE_URL + request.get_full_path())
    wanted = safe_next(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(wanted)
    return render(request, "accounts/sign-in.html", {"next": wanted})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    services.sign_out(request=request)
    messages.success(request, "You are signed out.")
    return redirect("home")


def _access(request: HttpRequest, member: Member) -> dict[str, Any]:
    """Who may act for a member: browser keys and sessions."""
    now = timezone.now()
    rows = [KeyRow(row, row.allows(now)) for row in selectors.delegations_of(member)]
    return {
        "member": member,
        "sessions": selectors.sessions_of(member, request.session.session_key),
        "live_keys": [row for row in rows if row.is_live],
        "past_keys": [row for row in rows if not row.is_live][:PAST_SHOWN],
    }


@require_safe
@never_cache
@member_required
def account(request: HttpRequest, member: Member) -> HttpResponse:
    """A member's own page."""
    form = NameForm(initial={"name": member.name})
    context = _access(request, member) | {"form": form, "sanctions_count": member.sanctions.count()}
    return render(request, "accounts/account.html", context)


@require_POST
@member_required
def rename(request: HttpRequest, member: Member) -> HttpResponse:
    """Change or delete the name others see."""
    form = NameForm(request.POST)
    if not form.is_valid():
        context = {"member": member, "form": form}
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "accounts/parts/name.html", context)
        return render(request, "accounts/account.html", _access(request, member) | context)
    name = form.cleaned_data["name"]
    services.rename_member(member=member, name=name)
    said = "Saved." if name else "Your name is deleted."
    if request.htmx:  # type: ignore[attr-defined]
        context = {"member": member, "form": NameForm(initial={"name": name}), "said": said}
        return render(request, "accounts/parts/name.html", context)
    messages.success(request, said)
    return redirect("account")


def _access_changed(request: HttpRequest, member: Member, said: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        context = _access(request, member) | {"said": said}
        return render(request, "accounts/parts/access.html", context)
    messages.success(request, said)
    return redirect("account")


@require_POST
@member_required
def revoke_delegation(request: HttpRequest, member: Member, delegation_id: int) -> HttpResponse:
    """Take back what was delegated to a browser."""
    delegations.revoke_delegation(member=member, delegation_id=delegation_id)
    return _access_changed(request, member, "That browser can no longer vote for you.")


@require_POST
@member_required
def end_sessions(request: HttpRequest, member: Member) -> HttpResponse:
    """End one session, or all but this one."""
    if "all-others" in request.POST:
        key = request.session.session_key or ""
        ended = services.end_other_sessions(member=member, keep_key=key)
        said = f"Signed out in {ended} other place{'' if ended == 1 else 's'}."
    else:
        services.end_session(member=member, handle=request.POST.get("handle", ""))
        said = "Signed out there."
    return _access_changed(request, member, said)


@require_safe
@never_cache
@member_required
def export(request: HttpRequest, member: Member) -> HttpResponse:
    """Everything kept about a member, to take along."""
    response = JsonResponse(selectors.export_of(member), json_dumps_params={"indent": 2})
    name = f"salon-{member.address}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def member(request: HttpRequest, address: str) -> HttpResponse:
    """A member as everybody may see them."""
    try:
        spelled = checksum_address(address)
    except AddressInvalid:
        spelled = ""
    found = selectors.member_with_address(spelled)
    if found is None:
        reason = "Nobody with this address has been here."
        return render(request, "errors/404.html", {"reason": reason}, status=404)
    if spelled != address:
        return redirect(found, permanent=True)
    context = {"person": found, "briefs": selectors.deeds_of(found)[:50]}
    return render(request, "accounts/member.html", context)
