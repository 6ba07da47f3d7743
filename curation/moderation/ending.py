"""Briefs ended by moderators, told in the log."""

from __future__ import annotations

from django.db import transaction

from curation.accounts.models import Member
from curation.briefs import services as briefs
from curation.briefs.models import Brief
from curation.moderation import log, roles
from curation.moderation.errors import DeedUnknown
from curation.moderation.models import Action, ModerationAction

WAYS = {
    "withdraw": (briefs.withdraw_brief, Action.BRIEF_WITHDRAWN),
    "stop": (briefs.stop_after_this_round, Action.BRIEF_STOPPED),
}


@transaction.atomic
def end_brief(
    *, brief: Brief, how: str, by: Member, reason: str, note: str = ""
) -> ModerationAction:
    """Withdraw a brief now, or `stop` it after the round that is open.

    Raises:
        RoleMissing: `by` is no senior.
        DeedUnknown: `how` is neither.
        BriefBusy, BriefInvalid, TransitionRefused: as the briefs' own services.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.SENIOR)
    if how not in WAYS:
        raise DeedUnknown(f"Nobody can do {how[:40]!r} to a brief.")
    end, action = WAYS[how]
    before = _facts(Brief.objects.select_for_update().get(pk=brief.pk))
    after = _facts(end(brief=brief, by=by))
    return log.record(
        action=action,
        object=f"brief:{brief.slug}",
        by=by,
        reason=reason,
        note=note,
        before=before,
        after=after,
    )


def _facts(brief: Brief) -> dict[str, object]:
    return {"status": str(brief.status), "rounds_planned": brief.rounds_planned}
