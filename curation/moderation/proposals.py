"""Two people: one proposes, another confirms or declines before it expires."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from curation.accounts.models import Member
from curation.moderation import log, roles, rules
from curation.moderation.deeds import deed
from curation.moderation.errors import ProposalOver, SamePerson
from curation.moderation.models import Action, ModerationAction, Proposal
from curation.status import advance

Status = Proposal.Status


def waiting() -> QuerySet[Proposal]:
    """Proposals that can still be decided, the oldest first."""
    found = Proposal.objects.filter(status=Status.WAITING, expires_at__gt=timezone.now())
    return found.select_related("proposed_by").order_by("pk")


@transaction.atomic
def propose(*, deed_name: str, object: str, by: Member, reason: str, note: str = "") -> Proposal:  # noqa: A002
    """Ask a second person to confirm something; it expires after two days.

    Raises:
        DeedUnknown: nobody can do this, or not to such an object.
        RoleMissing: `by` may not do it.
        ProposalOver: the same waits already.
        ReasonUnknown, TextRefused: as the log's.
    """
    wanted = deed(deed_name)
    roles.require(by, wanted.role)
    wanted.require_object(object)
    now = timezone.now()
    stale = Proposal.objects.filter(deed=deed_name, object=object, status=Status.WAITING)
    stale.filter(expires_at__lte=now).update(status=Status.DECLINED, decided_at=now)
    try:
        with transaction.atomic():
            made = Proposal.objects.create(
                deed=deed_name,
                object=object,
                reason=reason,
                note=rules.clean_note(note),
                proposed_by=by,
                created_at=now,
                expires_at=now + rules.PROPOSAL_FOR,
            )
    except IntegrityError as error:
        raise ProposalOver("This waits for a second person already.") from error
    _record(Action.PROPOSED, made, by)
    return made


def confirm(*, proposal: Proposal, by: Member) -> Proposal:
    """Agree as the second person, and have it done.

    Raises:
        SamePerson: `by` proposed it.
        RoleMissing: `by` may not do it.
        ProposalOver: it was decided before, or has expired.
        CurationError: it cannot be done any more; then nothing is confirmed.
    """
    wanted = deed(proposal.deed)
    with transaction.atomic():
        locked = _locked(proposal, by, wanted.role)
        if locked.proposed_by_id == by.pk:
            raise SamePerson("Somebody else confirms what you proposed.")
        locked.decided_by, locked.decided_at = by, timezone.now()
        advance(locked, Proposal.GRAPH, Status.CONFIRMED, "decided_by", "decided_at")
        _record(Action.CONFIRMED, locked, by)
        if not wanted.outside:
            wanted.do(locked)
            _done(locked)
    if wanted.outside:
        carry_out(proposal=locked, by=by)
    return locked


def carry_out(*, proposal: Proposal, by: Member) -> None:
    """Do what both agreed on outside of this database; again, when it failed before.

    Raises:
        RoleMissing: `by` may not do it.
        ProposalOver: it was not confirmed, or is done, perhaps by somebody else meanwhile.
        Exception: what the deed raises; it can be carried out again.
    """
    wanted = deed(proposal.deed)
    roles.require(by, wanted.role)
    if proposal.status != Status.CONFIRMED or proposal.done_at is not None:
        raise ProposalOver("There is nothing to carry out.")
    write_down = wanted.do(proposal)
    with transaction.atomic():
        locked = Proposal.objects.select_for_update().get(pk=proposal.pk)
        if locked.done_at is not None:
            raise ProposalOver("Somebody else carried this out just now.")
        if write_down is not None:
            write_down()
        _done(locked)


@transaction.atomic
def decline(*, proposal: Proposal, by: Member) -> Proposal:
    """Turn a proposal down, or take one's own back.

    Raises:
        RoleMissing: `by` may not do it.
        ProposalOver: it was decided before, or has expired.
    """
    locked = _locked(proposal, by, deed(proposal.deed).role)
    locked.decided_by, locked.decided_at = by, timezone.now()
    advance(locked, Proposal.GRAPH, Status.DECLINED, "decided_by", "decided_at")
    _record(Action.DECLINED, locked, by)
    return locked


def _locked(proposal: Proposal, by: Member, role: Member.Role) -> Proposal:
    roles.require(by, role)
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("proposed_by")
    locked = rows.get(pk=proposal.pk)
    if locked.status != Status.WAITING or locked.expires_at <= timezone.now():
        raise ProposalOver("This was decided before, or has expired.")
    return locked


def _done(proposal: Proposal) -> None:
    proposal.done_at = timezone.now()
    proposal.save(update_fields=["done_at"])


def _record(action: Action, proposal: Proposal, by: Member) -> ModerationAction:
    return log.record(
        action=action,
        object=proposal.object,
        by=by,
        reason=proposal.reason,
        note=proposal.note,
        after={"proposal": proposal.pk, "deed": proposal.deed, "status": str(proposal.status)},
    )
