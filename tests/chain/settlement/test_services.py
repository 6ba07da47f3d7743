from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chain.operator.errors import NotDeployed
from chain.operator.models import Transaction
from chain.settlement.errors import (
    BallotsWanted,
    NotYetFinal,
    RoundNotClosed,
    RoundNotOnChain,
    WinnersInvalid,
)
from chain.settlement.services import propose_result, settle_due_rounds, veto_result
from curation.galleries.services import close_round
from curation.models import Candidate
from curation.stakes.models import ChainRound
from tests.factories import RoundFactory, publish


@pytest.fixture
def closed(gallery):
    """A round that is over and anchored."""
    gallery.open()
    gallery.anchor()
    gallery.close()
    return gallery


def propose(gallery, *shares: tuple[str, int]) -> Transaction:
    return propose_result(round_id=gallery.round.pk, winners=shares)


def test_result_by_hand_is_for_the_embedded_chain(closed, settings):
    settings.EMBEDDED_CHAIN = False
    with pytest.raises(BallotsWanted, match="decided by ballots"):
        propose(closed, (closed.candidates[0].digest, 10_000))


def test_result_of_an_open_round_is_refused(gallery):
    gallery.open()
    gallery.anchor()
    with pytest.raises(RoundNotClosed, match="is open until"):
        propose(gallery, (gallery.candidates[0].digest, 10_000))


def test_result_of_a_round_the_chain_does_not_know_is_refused(closed):
    other = RoundFactory()
    close_round(round_=other)
    for round_id in (other.pk, 10**9):
        with pytest.raises(RoundNotOnChain):
            propose_result(round_id=round_id, winners=[(closed.candidates[0].digest, 10_000)])


@pytest.mark.parametrize("shares", [[], [5000], [10_001], [0, 10_000], [-1, 10_001], [2500] * 4])
def test_shares_that_are_no_hundred_per_cent_are_refused(closed, shares):
    digests = [candidate.digest for candidate in closed.candidates]
    with pytest.raises(WinnersInvalid):
        propose(closed, *zip(digests, shares, strict=False))


def test_one_winner_twice_is_refused(closed):
    digest = closed.candidates[0].digest
    with pytest.raises(WinnersInvalid, match="different"):
        propose(closed, (digest, 5000), (digest, 5000))


def test_winner_that_was_not_anchored_here_is_refused(closed):
    hidden = closed.candidates[0]
    Candidate.objects.filter(pk=hidden.pk).update(status="hidden")
    elsewhere = publish(RoundFactory(), 99)
    for digest in (hidden.digest, elsewhere.digest, "ab" * 32):
        with pytest.raises(WinnersInvalid, match=digest):
            propose(closed, (digest, 10_000))
    assert not Transaction.objects.filter(purpose__startswith="propose").exists()


def test_winner_whose_anchor_may_still_be_taken_back_has_to_wait(chain, closed, settings):
    snapshot = closed.candidates[0].digest
    chain.node.call("anvil_rollback", 5)
    with pytest.raises(NotYetFinal):
        propose(closed, (snapshot, 10_000))


def test_command_proposes_up_to_three_winners(closed):
    digests = [candidate.digest for candidate in closed.candidates]
    winners = [f"--winner={digests[0]}:5000", f"--winner=0x{digests[1]}:3000"]
    out = StringIO()
    arguments = [str(closed.round.pk), *winners, f"--winner={digests[2].upper()}:2000"]
    call_command("propose_result", *arguments, stdout=out)
    assert "in block" in out.getvalue()
    call_command("propose_result", *arguments, stdout=out)  # says the same again
    closed.index()
    assert closed.on_chain.state == ChainRound.State.PROPOSED
    assert list(closed.round.winners.order_by("place").values_list("digest", "share_bps")) == [
        (digests[0], 5000),
        (digests[1], 3000),
        (digests[2], 2000),
    ]
    with pytest.raises(CommandError, match="another content"):
        call_command("propose_result", str(closed.round.pk), f"--winner={digests[3]}:10000")


@pytest.mark.parametrize(
    "winner", ["", "abc:10000", "ab" * 32, f"{'ab' * 32}:x", f"{'ab' * 32}:-1"]
)
def test_command_says_how_a_winner_is_written(closed, winner):
    with pytest.raises(CommandError, match=r"DIGEST:BPS"):
        call_command("propose_result", str(closed.round.pk), f"--winner={winner}")


def test_vetoed_result_is_not_settled(chain, closed):
    closed.propose((0, 10_000))
    veto_result(round_id=closed.round.pk)
    closed.index()
    chain.go_on(closed.on_chain.challenge_s + 1)
    settle_due_rounds()
    assert closed.on_chain.state == ChainRound.State.REFUNDABLE
    assert not Transaction.objects.filter(purpose__startswith="settle").exists()


def test_round_somebody_else_settled_first_ends_the_same(chain, closed):
    closed.propose((0, 10_000))
    chain.go_on(closed.on_chain.challenge_s + 1)
    chain.act(chain.accounts[5], closed.curation, "Curation", "settle", closed.round.pk)
    settle_due_rounds()
    row = Transaction.objects.get(purpose__startswith="settle")
    assert (row.status, row.hashes) == ("failed", [])
    assert "is settled on the chain" in row.reason
    closed.index()
    assert closed.on_chain.state == ChainRound.State.SETTLED


def test_veto_and_cancel_say_what_stands_against_them(chain, closed):
    for command in ("veto_result", "cancel_round"):
        with pytest.raises(CommandError, match=r"is (open|unknown)|exists|unknown"):
            call_command(command, "12345")


def test_without_contracts_commands_say_what_to_run(db):
    with pytest.raises(NotDeployed, match="run deploy_contracts"):
        veto_result(round_id=1)
