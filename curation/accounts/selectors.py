"""Queries about members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from curation.accounts.models import Delegation, Member, MemberSession
from curation.ballots.exports import export_of_voter
from curation.briefs.models import Brief
from curation.notifications.models import Notification


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as its member sees it; the handle names it without giving it away."""

    handle: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_current: bool


def session_handle(session_key: str) -> str:
    """A name for a session that is of no use to whoever reads it off the page."""
    return salted_hmac("curation.accounts.session_handle", session_key).hexdigest()[:20]


def sessions_of(member: Member, current_key: str | None) -> list[SessionRow]:
    """A member's living sessions, the current one first, then the latest."""
    rows = MemberSession.objects.filter(member=member, expire_date__gt=timezone.now())
    listed = [
        SessionRow(
            handle=session_handle(row.session_key),
            user_agent=row.user_agent,
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expire_date,
            is_current=row.session_key == current_key,
        )
        for row in rows.order_by("-seen_at")
    ]
    return sorted(listed, key=lambda row: not row.is_current)


def member_of_session(session_key: str) -> int | None:
    """The id of the member who is signed in with a session; None when nobody is, or no more."""
    living = MemberSession.objects.filter(pk=session_key, expire_date__gt=timezone.now())
    return living.values_list("member_id", flat=True).first()


def delegations_of(member: Member) -> QuerySet[Delegation]:
    """What a member delegated, latest first, each with its key."""
    return Delegation.objects.filter(key__member=member).select_related("key")


def member_with_address(address: str) -> Member | None:
    """The member with an address in its EIP-55 spelling."""
    return Member.objects.filter(address=address).first()


def deeds_of(member: Member) -> QuerySet[Brief]:
    """What a member did in public: the briefs they posted, latest first."""
    shown = Brief.objects.exclude(status=Brief.Status.WITHDRAWN)
    return shown.filter(posted_by=member).order_by("-id")


def export_of(member: Member) -> dict[str, Any]:
    """Everything kept about a member, ready for JSON."""
    return {
        "address": member.address,
        "name": member.name,
        "ens_name": member.ens_name,
        "joined_at": member.joined_at,
        "last_login": member.last_login,
        "roles": list(member.groups.values_list("name", flat=True)),
        "sessions": [
            {
                "user_agent": row.user_agent,
                "created_at": row.created_at,
                "seen_at": row.seen_at,
                "expires_at": row.expires_at,
            }
            for row in sessions_of(member, None)
        ],
        "delegations": list(
            delegations_of(member).values(
                "key__did_key",
                "message",
                "signature",
                "proof",
                "kind",
                "user_agent",
                "issued_at",
                "accepted_at",
                "expires_at",
                "revoked_at",
            )
        ),
        "briefs": list(
            Brief.objects.filter(posted_by=member).values(
                "slug", "title", "purpose", "must", "must_not", "palette", "status", "created_at"
            )
        ),
        "notifications": list(
            Notification.objects.filter(member=member)
            .order_by("pk")
            .values("kind", "about", "facts", "created_at", "read_at")
        ),
        **export_of_voter(member),
    }
