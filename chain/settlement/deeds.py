"""What two people do to a round on the chain: its principal and pool become refundable."""

from __future__ import annotations

from django.db import transaction

from chain.settlement.services import cancel_round, veto_result
from curation.accounts.models import Member
from curation.moderation import log
from curation.moderation.deeds import Deed, key_of
from curation.moderation.models import Action, Proposal


def _cancel(proposal: Proposal) -> None:
    row = cancel_round(round_id=int(key_of(proposal.object)))
    _record(Action.ROUND_CANCELLED, proposal, row.purpose)


def _veto(proposal: Proposal) -> None:
    row = veto_result(round_id=int(key_of(proposal.object)))
    _record(Action.RESULT_VETOED, proposal, row.purpose)


@transaction.atomic
def _record(action: Action, proposal: Proposal, purpose: str) -> None:
    log.record(
        action=action,
        object=proposal.object,
        by=proposal.proposed_by,
        reason=proposal.reason,
        note=proposal.note,
        after={"transaction": purpose, "proposal": proposal.pk},
    )


CANCEL = Deed(
    "cancel_round", "Cancel a round", "round", Member.Role.OPERATOR, _cancel, outside=True
)
VETO = Deed(
    "veto_result", "Strike a result down", "round", Member.Role.OPERATOR, _veto, outside=True
)
