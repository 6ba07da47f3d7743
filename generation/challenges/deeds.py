"""What people do to the model: promote a version or go back, told in both logs with its reason."""

from __future__ import annotations

from django.db import transaction

from curation.accounts.models import Member
from curation.moderation import log, roles, rules
from curation.moderation.models import Action
from generation.challenges import services
from generation.challenges.errors import ChallengeRefused
from generation.versions.models import ModelVersion


@transaction.atomic
def promote_by_hand(*, version: ModelVersion, by: Member, reason: str, note: str) -> ModelVersion:
    """Let a version draw from now on because an operator says so; `note` says why, in public.

    Raises:
        RoleMissing: `by` is no operator.
        ChallengeRefused: it draws already, its weights are not here, or no reason is given.
        ReasonUnknown, TextRefused: as the log's.
    """
    roles.require(by, roles.Role.OPERATOR)
    before = _live()
    promoted = services.promote_model_version(version=version, reason=_why(note), by=by)
    _record(Action.PROMOTED, before, promoted.slug, by=by, reason=reason, note=note)
    return promoted


@transaction.atomic
def roll_back_by_hand(*, by: Member | None, reason: str, note: str) -> ModelVersion:
    """Let the version before the live one draw again; `by` nobody is a shell.

    Raises:
        RoleMissing: `by` is no operator.
        NothingToGoBackTo, NoLiveVersion: there is none.
        ChallengeRefused: its weights are not here, or no reason is given.
        ReasonUnknown, TextRefused: as the log's.
    """
    if by is not None:
        roles.require(by, roles.Role.OPERATOR)
    before = _live()
    back = services.roll_back(reason=_why(note), by=by)
    _record(Action.ROLLED_BACK, before, back.slug, by=by, reason=reason, note=note)
    return back


def _live() -> str:
    found = ModelVersion.objects.filter(status=ModelVersion.Status.LIVE)
    return found.values_list("slug", flat=True).first() or ""


def _why(note: str) -> str:
    if not (said := rules.clean_note(note)):
        raise ChallengeRefused("Say why in the note: the version’s page tells it.")
    return said


def _record(
    action: Action, before: str, after: str, *, by: Member | None, reason: str, note: str
) -> None:
    log.record(
        action=action,
        object=f"version:{after if action == Action.PROMOTED else before}",
        by=by,
        reason=reason,
        note=note,
        before={"live": before},
        after={"live": after},
    )
