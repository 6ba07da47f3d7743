"""What two operators agreed on is said to be done once the chain has done it."""

import pytest

from chain.operator.following import wait
from chain.operator.funding import fund
from chain.operator.keys import Role, signer
from chain.operator.models import Transaction
from chain.settlement.services import veto_result
from curation.models import Member, ModerationAction, Proposal
from curation.moderation import proposals
from curation.moderation.errors import DeedNotDone, ProposalOver
from curation.moderation.roles import grant_role
from curation.stakes.models import ChainRound
from tests.factories import MemberFactory

State = ChainRound.State
Status = Transaction.Status


def operator() -> Member:
    member = MemberFactory()
    grant_role(address=member.address, role=Member.Role.OPERATOR)
    return Member.objects.get(pk=member.pk)


class Two:
    """Two operators, and one thing they do to a round."""

    def __init__(self, deed: str, round_id: int) -> None:
        self.one, self.other = operator(), operator()
        self.asked = proposals.propose(
            deed_name=deed, object=f"round:{round_id}", by=self.one, reason="mistake"
        )

    def confirm(self) -> None:
        proposals.confirm(proposal=self.asked, by=self.other)

    def carry_out(self) -> None:
        proposals.carry_out(proposal=self.row, by=self.other)

    @property
    def row(self) -> Proposal:
        return Proposal.objects.get(pk=self.asked.pk)

    @property
    def told(self) -> tuple[bool, int]:
        """Whether it counts as done, and how often the log says so."""
        actions = ModerationAction.objects.filter(action__in=["round_cancelled", "result_vetoed"])
        return self.row.done_at is not None, actions.count()


@pytest.fixture
def proposed(gallery):
    """A round whose result can be vetoed."""
    gallery.open()
    gallery.anchor()
    gallery.close()
    gallery.propose((0, 10_000))
    return gallery


@pytest.fixture
def without_guardian(settings) -> None:
    """As on any chain but the embedded one: the web process has no guardian's key."""
    settings.EMBEDDED_CHAIN = False


def test_veto_by_two_is_done_and_logged_once(chain, proposed):
    two = Two("veto_result", proposed.round.pk)
    two.confirm()
    proposed.index()
    assert (two.told, proposed.on_chain.state) == ((True, 1), State.REFUNDABLE)


def test_threat_27_deed_that_the_chain_refuses_is_neither_logged_nor_done(chain, proposed):
    two = Two("cancel_round", proposed.round.pk)
    for act in (two.confirm, two.carry_out):
        with pytest.raises(DeedNotDone, match="is proposed on the chain"):
            act()
        assert two.told == (False, 0)
    assert two.row.status == Proposal.Status.CONFIRMED


def test_threat_27_deed_that_is_in_no_block_yet_is_carried_out_again(chain, proposed, monkeypatch):
    monkeypatch.setattr("chain.settlement.deeds.PATIENCE_S", 0)
    two = Two("veto_result", proposed.round.pk)
    fund(chain.node, signer(Role.GUARDIAN).address)
    chain.automine(False)
    with pytest.raises(DeedNotDone, match="it is not in a block yet"):
        two.confirm()
    assert two.told == (False, 0)
    chain.mine()
    two.carry_out()
    assert two.told == (True, 1)
    assert Transaction.objects.filter(purpose__startswith="veto").count() == 1


def test_deed_that_waits_for_gas_says_so_and_is_not_done(chain, proposed, monkeypatch, settings):
    monkeypatch.setattr("chain.settlement.deeds.PATIENCE_S", 0)
    settings.MAX_FEE_GWEI = 0
    two = Two("veto_result", proposed.round.pk)
    with pytest.raises(DeedNotDone, match="MAX_FEE_GWEI"):
        two.confirm()
    assert two.told == (False, 0)


def test_without_the_guardians_key_operators_read_where_to_do_it(
    chain, proposed, without_guardian, monkeypatch, settings
):
    two, number = Two("veto_result", proposed.round.pk), proposed.round.pk
    with pytest.raises(DeedNotDone, match=f"Run veto_result {number} where that key is"):
        two.confirm()
    assert two.told == (False, 0)
    settings.EMBEDDED_CHAIN = True  # there
    veto_result(round_id=number)
    settings.EMBEDDED_CHAIN = False  # and here again
    two.carry_out()
    assert two.told == (True, 1)


def test_deed_that_two_carry_out_at_once_is_logged_once(chain, proposed, monkeypatch):
    """Both press the button; the second finds the first one's transaction, and is quicker."""
    two = Two("veto_result", proposed.round.pk)

    def waits_longer(row: Transaction, *, timeout_s: float) -> Transaction:
        monkeypatch.setattr("chain.settlement.deeds.wait", wait)
        two.carry_out()
        return wait(row, timeout_s=timeout_s)

    monkeypatch.setattr("chain.settlement.deeds.wait", waits_longer)
    with pytest.raises(ProposalOver, match="Somebody else carried this out"):
        two.confirm()
    assert two.told == (True, 1)
