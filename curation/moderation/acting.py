"""What moderators do to pictures: one or many at a time, and taken back together."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from curation.accounts.models import Member
from curation.errors import CurationError
from curation.galleries.models import Candidate
from curation.galleries.takedowns import (
    approve_held,
    disqualify_candidate,
    hide_candidate,
    restore_candidate,
)
from curation.moderation import reports, roles, rules
from curation.moderation.errors import DeedUnknown, NothingToUndo, TwoNeeded
from curation.moderation.models import Action, ModerationAction, Proposal, Reason
from curation.moderation.proposals import propose
from curation.moderation.winners import winners_among

Deed = Callable[..., ModerationAction]


def _approve(*, candidate: Candidate, **said: Any) -> ModerationAction:
    """Hang what validators held; keep what was reported as it hangs."""
    held = candidate.status == Candidate.Status.HELD
    return (approve_held if held else reports.approve_candidate)(candidate=candidate, **said)


DEEDS: dict[str, Deed] = {
    "approve": _approve,
    "hide": hide_candidate,
    "restore": restore_candidate,
    "disqualify": disqualify_candidate,
    "escalate": reports.escalate_candidate,
}
TAKES_DOWN = ("hide", "disqualify")
KEEPS_OPEN = ("escalate",)
UNDONE_BY = {Action.HIDDEN: "restore", Action.RESTORED: "hide"}


@dataclass(slots=True)
class Outcome:
    """What became of many: what was done, what waits for a second person, what was refused."""

    batch: str
    done: list[str] = field(default_factory=list)  # digests
    proposed: list[Proposal] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # digest, why


@transaction.atomic
def act_on_candidate(
    *, deed: str, candidate: Candidate, by: Member, reason: str, note: str = "", batch: str = ""
) -> ModerationAction:
    """Do one of `DEEDS` to a picture, and answer its reports with it.

    Raises:
        DeedUnknown: there is no such deed.
        RoleMissing: `by` is no moderator.
        TwoNeeded: it won a round; propose it instead.
        TransitionRefused: somebody was there before.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.MODERATOR)
    if (do := DEEDS.get(deed)) is None:
        raise DeedUnknown(f"Nobody can do {deed[:40]!r} to a picture.")
    _require_two_for_winners(deed, candidate)
    row = do(candidate=candidate, by=by, reason=reason, note=note, batch=batch)
    if deed not in KEEPS_OPEN:
        reports.answer_reports(candidate=candidate, answer=row)
    return row


def _require_two_for_winners(deed: str, candidate: Candidate) -> None:
    if deed in TAKES_DOWN and winners_among([candidate.digest]):
        raise TwoNeeded("This picture won a round: a second person has to confirm.")


def act_on_items(
    *, source: Any, deed: str, keys: Sequence[str], by: Member, reason: str, note: str = ""
) -> Outcome:
    """Do the same to many things that are no pictures, by a source's own deeds.

    Raises:
        RoleMissing: `by` is no moderator.
        DeedUnknown: the source has no such deed, or it is asked of too many at once.
    """
    roles.require(by, roles.Role.MODERATOR)
    if deed not in source.deeds:
        raise DeedUnknown(f"Nobody can do {deed[:40]!r} to {source.label.lower()}.")
    if len(keys) > rules.BULK_MOST:
        raise DeedUnknown(f"At most {rules.BULK_MOST} at a time.")
    outcome = Outcome(batch=secrets.token_hex(8))
    said: dict[str, Any] = {"by": by, "reason": reason, "note": note, "batch": outcome.batch}
    for key in keys:
        try:
            source.act(deed=deed, key=key, **said)
            outcome.done.append(key)
        except (CurationError, *source.refusals) as error:
            outcome.refused.append((key, str(error)))
    return outcome


def act_on_many(
    *, deed: str, digests: Sequence[str], by: Member, reason: str, note: str = ""
) -> Outcome:
    """Do the same to many pictures, each in a transaction of its own; winners are proposed.

    Raises:
        RoleMissing: `by` is no moderator.
        DeedUnknown: there is no such deed, or it is asked of too many at once.
    """
    roles.require(by, roles.Role.MODERATOR)
    if deed not in DEEDS:
        raise DeedUnknown(f"Nobody can do {deed[:40]!r} to pictures.")
    if len(digests) > rules.BULK_MOST:
        raise DeedUnknown(f"At most {rules.BULK_MOST} at a time.")
    outcome = Outcome(batch=secrets.token_hex(8))
    for candidate in Candidate.objects.filter(digest__in=digests).select_related("round"):
        said: dict[str, Any] = {"by": by, "reason": reason, "note": note}
        try:
            act_on_candidate(deed=deed, candidate=candidate, batch=outcome.batch, **said)
            outcome.done.append(candidate.digest)
        except TwoNeeded:
            _propose(outcome, deed, candidate, by, reason)
        except CurationError as error:
            outcome.refused.append((candidate.digest, str(error)))
    return outcome


def _propose(outcome: Outcome, deed: str, candidate: Candidate, by: Member, reason: str) -> None:
    name = f"candidate:{candidate.digest}"
    try:
        outcome.proposed.append(propose(deed_name=deed, object=name, by=by, reason=reason))
    except CurationError as error:
        outcome.refused.append((candidate.digest, str(error)))


def undo(*, batch: str, by: Member) -> Outcome:
    """Take back what was done together and can be: hidden pictures hang again, and the reverse.

    The reports that it answered wait again.
    What has won a round since it was restored is proposed.

    Raises:
        RoleMissing: `by` is no moderator.
        NothingToUndo: nothing of it stands any more.
    """
    roles.require(by, roles.Role.MODERATOR)
    rows = ModerationAction.objects.exclude(batch="").filter(batch=batch, action__in=UNDONE_BY)
    outcome = Outcome(batch=secrets.token_hex(8))
    for row in rows.order_by("number"):
        digest = row.object.partition(":")[2]
        candidate = Candidate.objects.select_related("round").get(digest=digest)
        newest = ModerationAction.objects.filter(object=row.object, action__in=UNDONE_BY)
        if candidate.status != row.after["status"] or newest.latest("number") != row:
            continue  # somebody changed it since
        deed = UNDONE_BY[Action(row.action)]
        said = {"reason": Reason.MISTAKE, "note": f"Takes number {row.number} back."}
        try:
            _require_two_for_winners(deed, candidate)
            with transaction.atomic():
                done = DEEDS[deed](candidate=candidate, by=by, batch=outcome.batch, **said)
                if deed == "hide":
                    reports.answer_reports(candidate=candidate, answer=done)
                else:
                    reports.reopen_reports(answer=row)
            outcome.done.append(digest)
        except TwoNeeded:
            _propose(outcome, deed, candidate, by, Reason.MISTAKE)
        except CurationError as error:
            outcome.refused.append((digest, str(error)))
    if not (outcome.done or outcome.proposed):
        raise NothingToUndo("Nothing of it can be taken back any more.")
    return outcome
