"""Strikes, mutes and bans: given, lifted, asked about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from curation.accounts.models import Delegation, Member, MemberSession, SessionKey
from curation.moderation import log, roles, rules
from curation.moderation.errors import Muted, RoleMissing, SanctionOver
from curation.moderation.models import Action, Appeal, Reason, Sanction
from curation.notifications.models import Notification
from curation.notifications.services import notify_member

Kind = Sanction.Kind
_ACTIONS = {Kind.STRIKE: Action.STRUCK, Kind.MUTE: Action.MUTED, Kind.BAN: Action.BANNED}


def standing(member: Member, *kinds: str) -> QuerySet[Sanction]:
    """A member's sanctions of these kinds, or all, that are neither lifted nor over."""
    living = Q(until=None) | Q(until__gt=timezone.now())
    found = Sanction.objects.filter(living, member=member, lifted_at=None)
    return found.filter(kind__in=kinds) if kinds else found


def check_not_muted(member: Member) -> None:
    """Let those pass who are not muted.

    Raises:
        Muted: with when it ends.
    """
    mute = standing(member, Kind.MUTE).order_by(F("until").desc(nulls_first=True)).first()
    if mute is None:
        return
    ends = f"until {mute.until:%-d %B, %H:%M} UTC" if mute.until else "until somebody lifts it"
    raise Muted(f"You are muted {ends}. Your account page says why, and takes an appeal.")


@transaction.atomic
def strike_member(*, member: Member, by: Member, reason: str, note: str = "") -> Sanction:
    """Give a strike; the third within ninety days mutes for a week.

    Raises:
        RoleMissing: `by` is no moderator, or the member is staff.
        ReasonUnknown, TextRefused: as the log's.
    """
    _check(by, member)
    said: dict[str, Any] = {"by": by, "reason": reason, "note": note}
    given = _give(Kind.STRIKE, member, timezone.now() + rules.STRIKES_WITHIN, **said)
    if rules.strikes_out(standing(member, Kind.STRIKE).count()):
        words = f"{rules.STRIKES_TO_MUTE} strikes within {rules.STRIKES_WITHIN.days} days."
        _give(Kind.MUTE, member, timezone.now() + rules.MUTE_FOR, **said | {"note": words})
    return given


@transaction.atomic
def mute_member(*, member: Member, by: Member, reason: str, note: str = "") -> Sanction:
    """Keep a member from posting briefs and reporting for a week.

    Raises:
        RoleMissing: `by` is no moderator, or the member is staff.
        ReasonUnknown, TextRefused: as the log's.
    """
    _check(by, member)
    until = timezone.now() + rules.MUTE_FOR
    return _give(Kind.MUTE, member, until, by=by, reason=reason, note=note)


@transaction.atomic
def ban_member(*, member: Member, by: Member, reason: str, note: str = "") -> Sanction:
    """Bar a member: sessions end, browser keys lose what was delegated, no ballot is taken.

    Called when a second person confirms it; `by` is who proposed it. What they have in the
    contracts stays theirs.

    Raises:
        SanctionOver: they are banned already.
        RoleMissing: the member is staff; take the role first.
    """
    _check(by, member)
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if not locked.is_active:
        raise SanctionOver(f"{locked.address} is banned already.")
    given = _give(Kind.BAN, locked, None, by=by, reason=reason, note=note)
    Member.objects.filter(pk=locked.pk).update(
        is_active=False, session_epoch=F("session_epoch") + 1
    )
    _bar(locked)
    return given


def _bar(member: Member) -> None:
    """End everything by which a member acts; after the lock on their keys no ballot slips in."""
    keys = SessionKey.objects.select_for_update(no_key=True).filter(member=member).order_by("pk")
    ids = [key.pk for key in keys]
    now = timezone.now()
    living = Delegation.objects.filter(key__in=ids, revoked_at=None, expires_at__gt=now)
    living.update(revoked_at=now)
    MemberSession.objects.filter(member=member).delete()


@transaction.atomic
def lift_sanction(
    *, sanction: Sanction, by: Member, note: str = "", reason: str = Reason.MISTAKE
) -> None:
    """End a sanction early; a ban takes a senior.

    Raises:
        RoleMissing: `by` may not.
        SanctionOver: it was lifted before.
    """
    roles.require(by, roles.Role.SENIOR if sanction.kind == Kind.BAN else roles.Role.MODERATOR)
    now = timezone.now()
    lifted = Sanction.objects.filter(pk=sanction.pk, lifted_at=None).update(lifted_at=now)
    if not lifted:
        raise SanctionOver("This was lifted before.")
    sanction.lifted_at = now
    if sanction.kind == Kind.BAN:
        Member.objects.filter(pk=sanction.member_id).update(is_active=True)
    log.record(
        action=Action.LIFTED,
        object=f"member:{sanction.member.address}",
        by=by,
        reason=reason,
        note=note,
        before={"sanction": sanction.pk, "kind": str(sanction.kind), "standing": True},
        after={"sanction": sanction.pk, "kind": str(sanction.kind), "standing": False},
    )
    if not Appeal.objects.filter(sanction=sanction, answered_at__isnull=False).exists():
        _tell(sanction, Notification.Kind.SANCTION_LIFTED)  # else the appeal's answer says it


def _check(by: Member, member: Member) -> None:
    roles.require(by, roles.Role.MODERATOR)
    if roles.role_of(member) is not None:
        raise RoleMissing("Staff are not sanctioned: an operator takes the role first.")


def _give(
    kind: Sanction.Kind,
    member: Member,
    until: datetime | None,
    *,
    by: Member,
    reason: str,
    note: str,
) -> Sanction:
    standing_before = sorted(standing(member).values_list("kind", flat=True))
    action = log.record(
        action=_ACTIONS[kind],
        object=f"member:{member.address}",
        by=by,
        reason=reason,
        note=note,
        before={"standing": standing_before},
        after={
            "standing": sorted([*standing_before, str(kind)]),
            "until": until.isoformat() if until else None,
        },
    )
    given = Sanction.objects.create(
        member=member,
        kind=kind,
        reason=reason,
        note=action.note,
        by=by,
        until=until,
        action=action,
    )
    _tell(given, Notification.Kind.SANCTIONED)
    return given


def _tell(sanction: Sanction, kind: str) -> None:
    notify_member(member_id=sanction.member_id, kind=kind, about=f"sanction:{sanction.pk}")
