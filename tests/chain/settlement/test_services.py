from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chain.operator.errors import NotDeployed
from chain.operator.models import Transaction
from chain.settlement.errors import (
    NothingToPropose,
    NotTallied,
    NotYetFinal,
    ResultNotTaken,
    RoundNotOnChain,
)
from chain.settlement.proposing import propose_due_results, propose_result
from chain.settlement.services import cancel_round, settle_due_rounds, veto_result
from curation.galleries.services import close_round
from curation.models import Candidate
from curation.stakes.models import ChainRound
from tests.factories import RoundFactory

State = ChainRound.State


@pytest.fixture
def closed(gallery):
    """A round that is over and anchored."""
    gallery.open()
    gallery.anchor()
    gallery.close()
    return gallery


def proposals() -> list[Transaction]:
    return list(Transaction.objects.filter(purpose__startswith="propose"))


def test_result_is_what_the_tally_says_with_its_bundle(chain, closed):
    tally = closed.tally((4, 5000), (0, 3000), (7, 2000))
    for _ in range(3):
        propose_due_results()
    closed.index()
    propose_due_results()
    assert [row.reason for row in proposals()] == [""]
    assert closed.on_chain.state == State.PROPOSED
    assert closed.on_chain.bundle_hash == tally.bundle_digest
    assert list(closed.round.winners.order_by("place").values_list("digest", "share_bps")) == [
        (closed.candidates[4].digest, 5000),
        (closed.candidates[0].digest, 3000),
        (closed.candidates[7].digest, 2000),
    ]


def test_nothing_is_proposed_where_nobody_won(chain, closed):
    closed.tally(no_winner="Nobody voted.")
    propose_due_results()
    assert not proposals()
    with pytest.raises(NothingToPropose, match=r"Nobody voted\. Everything in it can be taken"):
        propose_result(round_id=closed.round.pk)


def test_nothing_is_proposed_before_the_tally(closed):
    propose_due_results()
    assert not proposals()
    with pytest.raises(NotTallied, match="not counted"):
        propose_result(round_id=closed.round.pk)


def test_result_of_an_open_round_is_refused(gallery):
    gallery.open()
    gallery.anchor()
    with pytest.raises(NotTallied, match="is open until"):
        propose_result(round_id=gallery.round.pk)


def test_result_of_a_round_the_chain_does_not_know_is_refused(closed):
    other = RoundFactory()
    close_round(round_=other)
    for round_id in (other.pk, 10**9):
        with pytest.raises(RoundNotOnChain):
            propose_result(round_id=round_id)


def test_result_of_a_cancelled_round_is_not_proposed(closed):
    cancel_round(round_id=closed.round.pk)
    closed.index()
    closed.tally((0, 10_000))
    propose_due_results()
    assert not proposals()
    with pytest.raises(ResultNotTaken, match="cancelled or vetoed: everything in it can be taken"):
        propose_result(round_id=closed.round.pk)


def test_result_is_not_proposed_after_its_deadline(chain, closed):
    closed.tally((0, 10_000))
    chain.go_on(24 * 3600)
    propose_due_results()
    assert not proposals()
    with pytest.raises(ResultNotTaken, match="was due by"):
        propose_result(round_id=closed.round.pk)


def test_result_waits_for_the_root_of_all_ballots(closed):
    closed.tally((0, 10_000), ballots_root="ab" * 32)
    propose_due_results()
    assert not proposals()
    with pytest.raises(NotYetFinal, match="ballots root is another"):
        propose_result(round_id=closed.round.pk)


def test_winner_whose_batch_may_still_be_taken_back_has_to_wait(chain, closed):
    closed.tally((0, 10_000))
    chain.node.call("anvil_rollback", 5)
    propose_due_results()
    assert not proposals()
    with pytest.raises(NotYetFinal, match=closed.candidates[0].digest):
        propose_result(round_id=closed.round.pk)


def test_published_tally_is_proposed_even_if_a_winner_was_hidden_since(closed):
    closed.tally((0, 10_000))
    Candidate.objects.filter(pk=closed.candidates[0].pk).update(status="hidden")
    propose_due_results()
    closed.index()
    assert closed.on_chain.state == State.PROPOSED  # the bundle says so; a guardian may veto


def test_command_follows_and_repeats_what_the_tally_says(closed):
    closed.tally((0, 10_000))
    out = StringIO()
    for _ in range(2):
        call_command("propose_result", str(closed.round.pk), stdout=out)
        closed.index()
    assert out.getvalue().count("in block") == 2
    assert len(proposals()) == 1
    assert closed.on_chain.state == State.PROPOSED


def test_command_tries_again_at_once_what_failed(closed):
    closed.tally((0, 10_000))
    propose_due_results()
    Transaction.objects.filter(purpose__startswith="propose").update(
        status="failed", attempts=5, nonce=None, reason="It reverted."
    )
    closed.chain.node.call("anvil_reorg", 1, [])
    propose_due_results()
    assert proposals()[0].status == "failed"
    call_command("propose_result", str(closed.round.pk), stdout=StringIO())
    assert proposals()[0].status == "included"


def test_command_takes_no_winners(closed):
    with pytest.raises(CommandError, match="unrecognized arguments"):
        call_command("propose_result", str(closed.round.pk), f"--winner={'ab' * 32}:10000")


def test_vetoed_result_is_not_settled(chain, closed):
    closed.propose((0, 10_000))
    veto_result(round_id=closed.round.pk)
    closed.index()
    chain.go_on(closed.on_chain.challenge_s + 1)
    settle_due_rounds()
    propose_due_results()
    assert closed.on_chain.state == State.REFUNDABLE
    assert not Transaction.objects.filter(purpose__startswith="settle").exists()
    assert len(proposals()) == 1


def test_round_somebody_else_settled_first_ends_the_same(chain, closed):
    closed.propose((0, 10_000))
    chain.go_on(closed.on_chain.challenge_s + 1)
    chain.act(chain.accounts[5], closed.curation, "Curation", "settle", closed.round.pk)
    settle_due_rounds()
    row = Transaction.objects.get(purpose__startswith="settle")
    assert (row.status, row.hashes) == ("failed", [])
    assert "is settled on the chain" in row.reason
    closed.index()
    assert closed.on_chain.state == State.SETTLED


def test_veto_and_cancel_say_what_stands_against_them(chain, closed):
    for command in ("veto_result", "cancel_round"):
        with pytest.raises(CommandError, match=r"is (open|unknown)|exists|unknown"):
            call_command(command, "12345")


def test_without_contracts_commands_say_what_to_run(db):
    for act in (veto_result, propose_result):
        with pytest.raises(NotDeployed, match="run deploy_contracts"):
            act(round_id=1)
