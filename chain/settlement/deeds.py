"""What two people do to a round on the chain: its principal and pool become refundable."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chain.errors import ChainError
from chain.operator.errors import KeyMissing
from chain.operator.following import wait
from chain.operator.heads import chain_id
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, address_of
from chain.settlement.services import CANCELLING, VETOING, cancel_round, veto_result
from curation.accounts.models import Member
from curation.moderation import log
from curation.moderation.deeds import Deed, key_of
from curation.moderation.errors import DeedNotDone
from curation.moderation.models import Action, Proposal

PATIENCE_S = 5  # of somebody who looks at a page


def _cancel(proposal: Proposal) -> Callable[[], object]:
    purpose = _carry_out(proposal, cancel_round, CANCELLING)
    return partial(_record, Action.ROUND_CANCELLED, proposal, purpose)


def _veto(proposal: Proposal) -> Callable[[], object]:
    purpose = _carry_out(proposal, veto_result, VETOING)
    return partial(_record, Action.RESULT_VETOED, proposal, purpose)


def _carry_out(proposal: Proposal, act: Callable[..., Transaction], purpose: str) -> str:
    """Do it unless it is done; hand back what the transaction is for once it is in a block.

    Raises:
        DeedNotDone: the chain refused it, or has not done it yet.
        NodeUnreachable: the node does not answer.
    """
    number = int(key_of(proposal.object))
    try:
        row = _under_way(purpose.format(number)) or act(round_id=number)
        return wait(row, timeout_s=PATIENCE_S).purpose
    except KeyMissing as error:
        raise DeedNotDone(
            f"There is no guardian's key here. Run {proposal.deed} {number} where that key is; "
            "then carry it out again here."
        ) from error
    except ChainError as error:
        raise DeedNotDone(str(error)) from error


def _under_way(purpose: str) -> Transaction | None:
    """What was sent already, perhaps by whoever has the guardian's key."""
    rows = Transaction.objects.filter(to=address_of(CURATION), chain_id=chain_id())
    return rows.filter(purpose=purpose).exclude(status=Transaction.Status.FAILED).first()


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
