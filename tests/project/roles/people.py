"""A browser for every role, and what is sent where it is posted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client

from curation.models import Member, Sanction
from curation.moderation import proposals
from tests.curation.accounts.visitor import Visitor
from tests.furnished import Furnished
from tests.wallets import Wallet

from .table import ROLES

BACKEND = "curation.accounts.backends.AddressBackend"
WORDS = {"title": "A crest for the bakery", "purpose": "It hangs above the oven."}
BRIEF = WORDS | {"rounds_planned": 3, "candidates_per_round": 48, "round_minutes": 60}
REASON = {"reason": "spam", "note": ""}
# What is posted by route, so that more is asked than whether an empty form is refused.
FORMS: dict[str, Callable[[Furnished, str], dict[str, Any]]] = {
    "briefs/new/": lambda site, role: BRIEF,
    "account/name": lambda site, role: {"name": "Ada"},
    "candidates/<digest:digest>/report": lambda site, role: {"reason": "spam"},
    "appeal/": lambda site, role: {"sanction": _own_sanction(site, role), "text": "It was not me."},
    "moderation/act": lambda site, role: {
        "deed": "hide",
        "reason": "spam",
        "digest": site.hung.digest,
    },
    "moderation/members/<str:address>/": lambda site, role: {"do": "strike", "reason": "spam"},
    "moderation/second/": lambda site, role: {"do": "propose", "deed": "ban", "reason": "spam"},
    "moderation/briefs/": lambda site, role: REASON | {"do": "stop", "brief": site.brief.pk},
    "moderation/rounds/": lambda site, role: REASON | {"round": site.counted.pk},
    "moderation/model/": lambda site, role: REASON | {"do": "promote", "version": site.version.pk},
    "moderation/appeals/": lambda site, role: {"appeal": site.appeal.pk, "answer": "No."},
    "api/v1/briefs": lambda site, role: WORDS,
}


def _own_sanction(site: Furnished, role: str) -> int:
    """That of the banned for them, the muted one's for everybody else."""
    return Sanction.objects.get(kind="ban").pk if role == "banned" else site.mute.pk


def sessions(site: Furnished) -> dict[str, str]:
    """A session's key by role; a visitor has none."""
    people = {role: getattr(site, role) for role in ROLES if role not in ("visitor", "banned")}
    found = {role: _signed_in(person) for role, person in people.items()}
    return found | {"visitor": "", "banned": _banned(site)}


def _signed_in(person: Member) -> str:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def _banned(site: Furnished) -> str:
    """The most a banned member can have: a session in which they proved who they are."""
    wallet, visitor = Wallet(), Visitor()
    assert visitor.sign_in(wallet).status_code == 200
    name = f"member:{wallet.address}"
    asked = proposals.propose(deed_name="ban", object=name, by=site.moderator, reason="spam")
    proposals.confirm(proposal=asked, by=site.colleague)
    visitor = Visitor()
    assert visitor.sign_in(wallet).status_code == 403
    return visitor.session_key


class Asking:
    """Asks one thing at a time; what it changed is taken back, and no rate is ever spent."""

    def __init__(self, session: str, **how: Any) -> None:
        # One client for all: each new one loads every middleware anew.
        self.client = Client(raise_request_exception=False, **how)
        self.session, self.asked = session, 0

    def __call__(
        self,
        method: str,
        path: str,
        form: dict[str, Any] | None = None,
        *,
        see: Callable[[Any], Any] = lambda answer: answer.status_code,
        **headers: str,
    ) -> Any:
        """The status that is answered, or what else there is to see before it is taken back."""
        self.asked += 1
        self.client.cookies.clear()
        if self.session:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.session
        sent: dict[str, Any] = {"headers": headers}
        sent |= {"REMOTE_ADDR": f"10.1.{self.asked // 250}.{self.asked % 250}"}
        if path.startswith("/api/") and method not in ("GET", "HEAD"):
            sent |= {"data": json.dumps(form or {}), "content_type": "application/json"}
        elif method == "POST":
            sent |= {"data": form or {}}
        with transaction.atomic():
            seen = see(getattr(self.client, method.lower())(path, **sent))
            transaction.set_rollback(True)
        return seen
