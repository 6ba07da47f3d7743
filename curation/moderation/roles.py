"""Moderator, senior, operator: each may do what those before it may."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, Group
from django.db import transaction

from curation.accounts import services as accounts
from curation.accounts.models import Member
from curation.accounts.rules import checksum_address
from curation.moderation import log
from curation.moderation.errors import RoleMissing
from curation.moderation.models import Action, ModerationAction, Reason

Role = Member.Role
ORDER = (Role.MODERATOR, Role.SENIOR, Role.OPERATOR)


def role_of(member: Member | AnonymousUser) -> Member.Role | None:
    """The highest role of somebody; None for most people."""
    if not isinstance(member, Member) or not (member.is_staff and member.is_active):
        return None
    names = set(member.groups.values_list("name", flat=True))
    return next((role for role in reversed(ORDER) if role in names), None)


def has_role(member: Member | AnonymousUser, wanted: Member.Role) -> bool:
    """Whether somebody has this role or a higher one."""
    role = role_of(member)
    return role is not None and ORDER.index(role) >= ORDER.index(wanted)


def require(member: Member | AnonymousUser, wanted: Member.Role) -> None:
    """Let only those with this role or a higher one pass.

    Raises:
        RoleMissing: somebody has no such role.
    """
    if not has_role(member, wanted):
        raise RoleMissing(f"This takes the role {wanted}.")


@transaction.atomic
def grant_role(*, address: str, role: Member.Role, by: Member | None = None) -> Member:
    """Make a member of staff, and say so in the log; `by` nobody is a shell.

    Raises:
        AddressInvalid, AddressRefused: as the accounts' own service.
    """
    known = Member.objects.filter(address=checksum_address(address)).first()
    before = role_of(known) if known else None
    member = accounts.grant_role(address=address, role=role)
    _record(Action.ROLE_GRANTED, member, before, by)
    return member


@transaction.atomic
def take_role(*, address: str, by: Member | None = None) -> Member:
    """Take every role back and end the sessions, so that no open tab keeps them.

    Raises:
        AddressInvalid: the address is none.
        RoleMissing: there is no role to take.
    """
    member = Member.objects.filter(address=checksum_address(address)).first()
    before = role_of(member) if member else None
    if member is None or before is None:
        raise RoleMissing(f"{address} has no role.")
    member.groups.remove(*Group.objects.filter(name__in=Role.values))
    member.is_staff = member.is_superuser = False
    member.save(update_fields=["is_staff", "is_superuser"])
    accounts.end_other_sessions(member=member, keep_key="")
    _record(Action.ROLE_TAKEN, member, before, by)
    return member


def _record(
    action: Action, member: Member, before: Member.Role | None, by: Member | None
) -> ModerationAction:
    after = role_of(member)
    return log.record(
        action=action,
        object=f"member:{member.address}",
        by=by,
        reason=Reason.OTHER,
        before={"role": str(before) if before else None},
        after={"role": str(after) if after else None},
    )
