"""Appeals: a member's word against a sanction, answered by somebody else than who acted."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.accounts.models import Member
from curation.briefs.rules import clean_text
from curation.moderation import log, roles, sanctions
from curation.moderation.errors import AppealedBefore, SamePerson, SanctionOver
from curation.moderation.models import Action, Appeal, Proposal, Sanction
from curation.notifications.models import Notification
from curation.notifications.services import notify_member
from curation.rates import Rate, spend

APPEALS = Rate("appeals by member", 10, 24 * 3600)
TEXT_LONGEST = 2000


def appeal_sanction(*, sanction: Sanction, member: Member, text: str) -> Appeal:
    """Say why a sanction should not stand.

    Raises:
        SanctionOver: it is somebody else's, or does not stand any more.
        AppealedBefore: it was appealed.
        TextRefused: the text is empty or too long.
        TooMany, RatesUnknown: the member appeals too often.
    """
    spend(APPEALS, member.address)
    said = clean_text(text, name="The appeal", longest=TEXT_LONGEST)
    if not sanctions.standing(member).filter(pk=sanction.pk).exists():
        raise SanctionOver("There is nothing to appeal any more.")
    try:
        with transaction.atomic():
            return Appeal.objects.create(sanction=sanction, against=sanction.by, text=said)
    except IntegrityError as error:
        raise AppealedBefore("You appealed this before; the answer will stand here.") from error


@transaction.atomic
def answer_appeal(*, appeal: Appeal, by: Member, answer: str, lift: bool) -> Appeal:
    """Answer an appeal, and lift the sanction or leave it.

    Raises:
        RoleMissing: `by` is no moderator, or no senior where it is about a ban.
        SamePerson: `by` gave the sanction, or confirmed it.
        AppealedBefore: it was answered before.
        TextRefused: the answer is empty or too long.
    """
    found = Appeal.objects.select_for_update(of=("self",)).select_related("sanction__member")
    locked = found.get(pk=appeal.pk)
    ban = locked.sanction.kind == Sanction.Kind.BAN
    roles.require(by, roles.Role.SENIOR if ban else roles.Role.MODERATOR)
    if by.pk in _who_acted(locked.sanction):
        raise SamePerson("Somebody else answers this: you took part in the sanction.")
    if locked.answered_at is not None:
        raise AppealedBefore("This was answered before.")
    locked.answer = clean_text(answer, name="The answer", longest=TEXT_LONGEST)
    locked.answered_by, locked.answered_at = by, timezone.now()
    locked.outcome = Appeal.Outcome.LIFTED if lift else Appeal.Outcome.UPHELD
    locked.save()
    log.record(
        action=Action.ANSWERED,
        object=f"member:{locked.sanction.member.address}",
        by=by,
        reason=locked.sanction.reason,
        before={"sanction": locked.sanction_id, "appeal": locked.pk, "outcome": None},
        after={"sanction": locked.sanction_id, "appeal": locked.pk, "outcome": locked.outcome},
    )
    notify_member(
        member_id=locked.sanction.member_id,
        kind=Notification.Kind.APPEAL_ANSWERED,
        about=f"sanction:{locked.sanction_id}",
        facts={"lifted": lift},
    )
    if lift and locked.sanction.lifted_at is None:
        sanctions.lift_sanction(sanction=locked.sanction, by=by)
    return locked


def _who_acted(sanction: Sanction) -> set[int | None]:
    """Ids of who gave a sanction and, with a ban, of who confirmed it."""
    acted = {sanction.by_id}
    if sanction.kind == Sanction.Kind.BAN:
        name = f"member:{sanction.member.address}"
        confirmed = Proposal.objects.filter(
            deed="ban", object=name, status=Proposal.Status.CONFIRMED
        )
        acted |= set(confirmed.values_list("decided_by", flat=True))
    return acted
