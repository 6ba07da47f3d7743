"""Hanging what was held, taking pictures down, hanging them again; each is told to the log."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from curation.accounts.models import Member
from curation.galleries.models import Candidate, Round
from curation.galleries.services import RoundClosed, hang
from curation.galleries.signals import candidate_taken_down
from curation.live import services as live
from curation.moderation import erasing, log
from curation.moderation.models import Action, ModerationAction, Reason
from curation.postcards import keeping as postcards
from curation.status import TransitionRefused, advance

Status = Candidate.Status


@transaction.atomic
def approve_held(
    *,
    candidate: Candidate,
    by: Member | None = None,
    reason: str = Reason.MISTAKE,
    note: str = "",
    batch: str = "",
) -> ModerationAction:
    """Hang a picture that validators held, as if it had come just now.

    Raises:
        RoundClosed: its round is over; it takes no part in it any more.
        TransitionRefused: it is not held.
        ReasonUnknown, TextRefused: the reason is not on the list, the note is too long.
    """
    round_ = Round.objects.select_for_update(no_key=True).get(pk=candidate.round_id)
    if not round_.is_open:
        raise RoundClosed(f"Round {round_.pk} is {round_.status}: it takes no more pictures.")
    _only_from(candidate, Status.HELD)
    candidate.published_at = timezone.now()
    advance(candidate, Candidate.GRAPH, Status.PUBLISHED, "published_at")
    said = {"by": by, "reason": reason, "note": note, "batch": batch}
    row = _record(candidate, Action.APPROVED, Status.HELD, said)
    hang(candidate)
    return row


@transaction.atomic
def hide_candidate(
    *,
    candidate: Candidate,
    by: Member | None = None,
    reason: str = Reason.OTHER,
    note: str = "",
    batch: str = "",
) -> ModerationAction:
    """Take a picture down for now: from walls, pairs, files, and the tally if it stays so.

    Raises:
        TransitionRefused: it is hidden or disqualified already.
        ReasonUnknown, TextRefused: the reason is not on the list, the note is too long.
    """
    before = candidate.status
    advance(candidate, Candidate.GRAPH, Status.HIDDEN)
    said = {"by": by, "reason": reason, "note": note, "batch": batch}
    row = _record(candidate, Action.HIDDEN, before, said)
    _taken_down(candidate)
    return row


@transaction.atomic
def restore_candidate(
    *,
    candidate: Candidate,
    by: Member | None = None,
    reason: str = Reason.MISTAKE,
    note: str = "",
    batch: str = "",
) -> ModerationAction:
    """Hang a hidden picture again.

    Raises:
        TransitionRefused: it is not hidden, or disqualified, which is for ever.
        ReasonUnknown, TextRefused: the reason is not on the list, the note is too long.
    """
    before = candidate.status
    _only_from(candidate, Status.HIDDEN)
    advance(candidate, Candidate.GRAPH, Status.PUBLISHED)
    said = {"by": by, "reason": reason, "note": note, "batch": batch}
    row = _record(candidate, Action.RESTORED, before, said)
    _announce(candidate, "candidate_restored")
    return row


@transaction.atomic
def disqualify_candidate(
    *,
    candidate: Candidate,
    by: Member | None = None,
    reason: str = Reason.OTHER,
    note: str = "",
    batch: str = "",
) -> ModerationAction:
    """Take a picture down for ever and erase its files; a published tally stays as it is.

    Raises:
        TransitionRefused: it is disqualified already.
        ReasonUnknown, TextRefused: the reason is not on the list, the note is too long.
    """
    before = candidate.status
    advance(candidate, Candidate.GRAPH, Status.DISQUALIFIED)
    said = {"by": by, "reason": reason, "note": note, "batch": batch}
    row = _record(candidate, Action.DISQUALIFIED, before, said)
    erasing.erase_soon(candidate=candidate)
    if before == Status.PUBLISHED:
        _taken_down(candidate)
    return row


def _only_from(candidate: Candidate, status: str) -> None:
    if candidate.status != status:
        raise TransitionRefused(f"Candidate {candidate.pk} is {candidate.status}, not {status}.")


def _record(
    candidate: Candidate, action: Action, before: str, said: dict[str, Any]
) -> ModerationAction:
    return log.record(
        action=action,
        object=f"candidate:{candidate.digest}",
        before={"status": str(before)},
        after={"status": str(candidate.status)},
        **said,
    )


def _taken_down(candidate: Candidate) -> None:
    _announce(candidate, "candidate_hidden")
    transaction.on_commit(partial(postcards.forget, candidate))
    told = partial(candidate_taken_down.send_robust, Candidate, candidate_id=candidate.pk)
    transaction.on_commit(told)


def _announce(candidate: Candidate, kind: str) -> None:
    """The stream's row is locked until commit, so this comes last."""
    if candidate.trial:
        return  # no wall shows it
    live.append(stream=candidate.round.stream, kind=kind, payload={"candidate": candidate.pk})
