"""Reports: members say what should not hang, moderators answer."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.accounts.models import Member
from curation.galleries.models import Candidate, Round
from curation.moderation import log, roles, rules, sanctions
from curation.moderation.errors import (
    NothingToEscalate,
    NothingToReport,
    ReasonUnknown,
    ReportedBefore,
)
from curation.moderation.models import Action, ModerationAction, Reason, Report
from curation.notifications.models import Notification
from curation.notifications.services import notify_member, take_back_notice
from curation.rates import Rate, spend

REPORTS = Rate("reports by member", 20, 3600)
REASONS = [choice for choice in Reason.choices if choice[0] != Reason.MISTAKE]


def report_candidate(
    *, candidate: Candidate, member: Member, reason: str, note: str = ""
) -> Report:
    """Say that a picture should not hang; once for each picture.

    Raises:
        Muted: the member is.
        NothingToReport: the picture is not on show.
        ReportedBefore: the member reported it before.
        ReasonUnknown, TextRefused: the reason is not on the list, the note is too long.
        TooMany, RatesUnknown: the member reports too often.
    """
    sanctions.check_not_muted(member)
    if reason not in dict(REASONS):
        raise ReasonUnknown("Choose one of the reasons.")
    said = rules.clean_note(note)
    sealed = candidate.trial and candidate.round.status == Round.Status.OPEN
    if candidate.status != Candidate.Status.PUBLISHED or sealed:
        raise NothingToReport("This picture is not on show.")
    if Report.objects.filter(candidate=candidate, member=member).exists():
        raise ReportedBefore("You reported this picture before; a moderator looks at it.")
    spend(REPORTS, member.address)
    try:
        with transaction.atomic():
            return Report.objects.create(
                candidate=candidate, member=member, reason=reason, note=said
            )
    except IntegrityError as error:
        raise ReportedBefore("You reported this picture before.") from error


@transaction.atomic
def answer_reports(*, candidate: Candidate, answer: ModerationAction) -> int:
    """Close a picture's open reports with what was done, and tell who reported it.

    Returns how many those were.
    """
    waiting = Report.objects.select_for_update().filter(candidate=candidate, answer=None)
    reporters = dict(waiting.order_by("pk").values_list("pk", "member"))
    for pk, member_id in reporters.items():
        kind = Notification.Kind.REPORT_ANSWERED
        notify_member(member_id=member_id, kind=kind, about=f"report:{pk}")
    return Report.objects.filter(pk__in=reporters).update(answer=answer)


@transaction.atomic
def reopen_reports(*, answer: ModerationAction) -> int:
    """Open the reports again that a deed answered which is taken back; forget that they were told.

    Returns how many those were.
    """
    rows = Report.objects.filter(answer=answer).order_by("pk")
    answered = list(rows.values_list("pk", flat=True))
    for pk in answered:
        take_back_notice(kind=Notification.Kind.REPORT_ANSWERED, about=f"report:{pk}")
    return Report.objects.filter(pk__in=answered).update(answer=None)


@transaction.atomic
def approve_candidate(
    *, candidate: Candidate, by: Member, reason: str, note: str = "", batch: str = ""
) -> ModerationAction:
    """Keep a picture that was reported, as it hangs.

    Raises:
        RoleMissing: `by` is no moderator.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.MODERATOR)
    row = _record(Action.APPROVED, candidate, by, reason=reason, note=note, batch=batch)
    answer_reports(candidate=candidate, answer=row)
    return row


@transaction.atomic
def escalate_candidate(
    *, candidate: Candidate, by: Member, reason: str, note: str = "", batch: str = ""
) -> ModerationAction:
    """Hand a picture's open reports to a senior.

    Raises:
        RoleMissing: `by` is no moderator.
        NothingToEscalate: no report is open, or a senior has them all.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.MODERATOR)
    waiting = Report.objects.filter(candidate=candidate, answer=None)
    if not waiting.exists():
        raise NothingToEscalate("It has no open report, so there is nothing to hand to a senior.")
    if not waiting.filter(escalated_at=None).update(escalated_at=timezone.now()):
        raise NothingToEscalate("A senior was handed its reports before.")
    return _record(Action.ESCALATED, candidate, by, reason=reason, note=note, batch=batch)


def _record(action: Action, candidate: Candidate, by: Member, **said: str) -> ModerationAction:
    open_reports = Report.objects.filter(candidate=candidate, answer=None).count()
    return log.record(
        action=action,
        object=f"candidate:{candidate.digest}",
        by=by,
        before={"status": str(candidate.status), "open_reports": open_reports},
        after={"status": str(candidate.status)},
        **said,
    )
