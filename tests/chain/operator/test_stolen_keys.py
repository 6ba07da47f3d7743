"""Somebody has the operator's key. What that is good for, and how it ends."""

import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from eth_account import Account
from eth_utils.crypto import keccak

from chain.operator import keys
from chain.operator.calls import call
from chain.operator.following import wait
from chain.operator.keys import Role, signer
from chain.operator.models import Transaction
from chain.operator.roles import has_role
from chain.operator.selectors import CURATION, TOKEN
from chain.operator.transactions import submit
from curation.stakes.models import ChainRound
from project.variables import KeySource
from tests.factories import RoundFactory

DAY_S = 86_400
THIEF = Account.from_key("0x" + "7e" * 32).address
ROLES = {name: keccak(text=f"{name}_ROLE") for name in ("OPERATOR", "GUARDIAN")} | {
    "ADMIN": bytes(32)
}
Attempt = Callable[..., tuple[str, str, tuple[object, ...]]]


def command(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def staked(chain, gallery):
    """A round with somebody's stake and somebody's funds in it."""
    gallery.ada, gallery.sponsor = chain.accounts[2:4]
    gallery.open()
    gallery.anchor()
    gallery.welcome(gallery.ada, gallery.sponsor)
    gallery.fund(gallery.sponsor, 100)
    gallery.stake(gallery.ada, 0, 30)
    return gallery


def as_thief(to: str, contract: str, function: str, *arguments: object) -> Transaction:
    """Whatever the operator's key can sign."""
    data = call(contract, function, *arguments)
    count = Transaction.objects.count()
    return submit(purpose=f"theft {count}", to=to, data=data, role=Role.OPERATOR)


def times(chain, **changes: int) -> tuple[int, int, int, int]:
    given = {"anchor": 600, "stake": 600, "result": DAY_S, "challenge": 300} | changes
    now = chain.now()
    return (now + given["anchor"], now + given["stake"], now + given["result"], given["challenge"])


def winner(staked, place: int) -> list[tuple[bytes, int, int, list[bytes]]]:
    digest, (batch, proof) = staked.anchored(place)
    return [(digest, 10_000, batch, proof)]


IN_VAIN: dict[str, tuple[Attempt, str]] = {
    "take_principal": (
        lambda g: (CURATION, "withdraw", (g.round.pk, g.anchored(0)[0])),
        "is open on the chain",
    ),
    "take_the_pool": (lambda g: (CURATION, "refund", (g.round.pk,)), "is open on the chain"),
    "transfer_from_the_contract": (
        lambda g: (TOKEN, "transferFrom", (g.curation, THIEF, 1)),
        "ERC20InsufficientAllowance",
    ),
    "transfer_from_a_member": (
        lambda g: (TOKEN, "transferFrom", (g.ada, THIEF, 1)),
        "ERC20InsufficientAllowance",
    ),
    "grant_itself_admin": (
        lambda g: (CURATION, "grantRole", (ROLES["ADMIN"], THIEF)),
        "does not have the role admin",
    ),
    "grant_an_accomplice_operator": (
        lambda g: (CURATION, "grantRole", (ROLES["OPERATOR"], THIEF)),
        "does not have the role admin",
    ),
    "revoke_the_guardian": (
        lambda g: (CURATION, "revokeRole", (ROLES["GUARDIAN"], signer(Role.GUARDIAN).address)),
        "does not have the role admin",
    ),
    "pause": (lambda g: (CURATION, "pause", ()), "does not have the role guardian"),
    "cancel": (
        lambda g: (CURATION, "cancelRound", (g.round.pk,)),
        "does not have the role guardian",
    ),
    "propose_while_staking": (
        lambda g: (CURATION, "proposeResult", (g.round.pk, winner(g, 1), bytes(32), bytes(32))),
        "It is too early",
    ),
    "settle_without_result": (
        lambda g: (CURATION, "settle", (g.round.pk,)),
        "is open on the chain",
    ),
    "open_for_longer_than_agreed": (
        lambda g: (CURATION, "openRound", (99, times(g.chain, result=91 * DAY_S))),
        "not in order, or outside",
    ),
    "open_without_time_to_challenge": (
        lambda g: (CURATION, "openRound", (99, times(g.chain, challenge=59))),
        "not in order, or outside",
    ),
    "open_the_round_anew": (
        lambda g: (CURATION, "openRound", (g.round.pk, times(g.chain))),
        "exists on the chain already",
    ),
}


def test_threat_28_stolen_operator_key_cannot(chain, staked, subtests):
    held = staked.tokens(staked.curation)
    for attempt, (make, words) in IN_VAIN.items():
        with subtests.test(attempt):
            contract, function, arguments = make(staked)
            to = staked.token if contract == TOKEN else staked.curation
            row = as_thief(to, contract, function, *arguments)
            assert row.status == Transaction.Status.FAILED
            assert words in row.reason
    assert staked.tokens(staked.curation) == held


@pytest.mark.parametrize("wrong", ["unanchored", "shares", "too_soon"])
def test_threat_28_stolen_operator_key_cannot_make_a_result_of_its_own_rules(chain, staked, wrong):
    staked.close()
    [(digest, bps, batch, proof)] = winner(staked, 1)
    result = {
        "unanchored": [(b"\x66" * 32, bps, batch, proof)],
        "shares": [(digest, 10_001, batch, proof)],
        "too_soon": [(digest, bps, batch, proof)],
    }[wrong]
    nothing = bytes(32)
    row = as_thief(
        staked.curation, CURATION, "proposeResult", staked.round.pk, result, nothing, nothing
    )
    if wrong == "too_soon":  # its result stands, and then has to wait like any other
        wait(row)
        row = as_thief(staked.curation, CURATION, "settle", staked.round.pk)
    expected = {
        "unanchored": "was not anchored",
        "shares": "sum to 10,000",
        "too_soon": "too early",
    }
    assert expected[wrong] in row.reason


def test_threat_28_false_result_is_vetoed_and_everybody_gets_everything_back(chain, staked):
    staked.close()
    nothing = bytes(32)
    arguments = (staked.round.pk, winner(staked, 7), nothing, nothing)
    wait(as_thief(staked.curation, CURATION, "proposeResult", *arguments))
    staked.index()
    assert staked.on_chain.state == ChainRound.State.PROPOSED
    said = command("veto_result", str(staked.round.pk))
    assert f"veto result of round {staked.round.pk}: in block" in said
    staked.index()
    assert staked.on_chain.state == ChainRound.State.REFUNDABLE
    chain.go_on(14 * DAY_S)
    again = as_thief(staked.curation, CURATION, "proposeResult", *arguments)
    assert "is refundable on the chain" in again.reason
    staked.withdraw(staked.ada, 0)
    staked.refund(staked.sponsor)
    assert staked.tokens(staked.ada) == staked.tokens(staked.sponsor) == 1000


def test_threat_28_the_worst_false_result_that_nobody_vetoes_costs_no_principal(chain, staked):
    staked.close()
    arguments = (staked.round.pk, winner(staked, 7), bytes(32), bytes(32))
    wait(as_thief(staked.curation, CURATION, "proposeResult", *arguments))
    staked.index()
    staked.settle()
    staked.withdraw(staked.ada, 0)
    assert staked.tokens(staked.ada) == 1000


def test_threat_28_cancelled_round_gives_everything_back(chain, staked):
    command("cancel_round", str(staked.round.pk))
    staked.withdraw(staked.ada, 0)
    staked.refund(staked.sponsor)
    assert staked.tokens(staked.ada) == staked.tokens(staked.sponsor) == 1000


def test_threat_28_drill_stolen_key_is_revoked_and_the_site_goes_on_with_another(
    chain, staked, settings
):
    """The steps of docs/operations.md, "A key was stolen", and how long they take."""
    started = time.monotonic()
    stolen, successor = signer(Role.OPERATOR).address, Account.create()
    said = command("revoke_key", "operator", stolen, "--instead", successor.address)
    assert said.count("in block") == 2
    taken_s = time.monotonic() - started
    assert taken_s < 600 / 10  # minutes are left for whoever has to find this page
    assert not has_role(Role.OPERATOR, stolen)
    row = as_thief(staked.curation, CURATION, "openRound", 99, times(chain))
    assert row.reason == f"{stolen.lower()} does not have the role operator."
    key = KeySource(key=successor.key.hex().removeprefix("0x"))
    settings.SITE_KEYS = settings.SITE_KEYS | {"operator": key}
    keys._signer.cache_clear()
    another = RoundFactory()
    staked.open()
    assert ChainRound.objects.filter(pk=another.pk).exists()
    staked.close()
    staked.propose((0, 10_000))
    staked.settle()
    staked.withdraw(staked.ada, 0)
    assert staked.tokens(staked.ada) == 1100


def test_threat_28_guardian_is_replaced_and_may_come_back(chain, staked):
    stolen, successor = signer(Role.GUARDIAN).address, Account.create().address
    command("revoke_key", "guardian", stolen, "--instead", successor)
    with pytest.raises(CommandError, match="does not have the role guardian"):
        command("cancel_round", str(staked.round.pk))
    with pytest.raises(CommandError, match="is not guardian of the contract"):
        command("revoke_key", "guardian", stolen)
    command("revoke_key", "guardian", successor, "--instead", stolen)
    command("revoke_key", "guardian", stolen, "--instead", successor)  # the same step once more
    assert [has_role(Role.GUARDIAN, who) for who in (stolen, successor)] == [False, True]


def test_threat_28_drill_that_broke_off_between_its_steps_goes_on(chain, contracts):
    """The revocation was sent, and the shell died before the grant."""
    stolen, successor = signer(Role.OPERATOR).address, Account.create().address
    command("revoke_key", "operator", stolen)
    said = command("revoke_key", "operator", stolen, "--instead", successor)
    assert f"{stolen} is not operator of the contract." in said
    assert [has_role(Role.OPERATOR, who) for who in (stolen, successor)] == [False, True]
    said = command("revoke_key", "operator", stolen, "--instead", successor)  # all is done
    assert f"{successor} is operator of the contract." in said


def test_threat_28_drill_with_a_mistyped_address_changes_nothing(chain, contracts):
    thief, typed, successor = signer(Role.OPERATOR).address, THIEF, Account.create().address
    with pytest.raises(CommandError, match="Is that the stolen address"):
        command("revoke_key", "operator", typed, "--instead", successor)
    assert [has_role(Role.OPERATOR, who) for who in (thief, successor)] == [True, False]
    command("revoke_key", "operator", typed, "--instead", successor, "--revoked-elsewhere")
    assert has_role(Role.OPERATOR, successor)


def test_threat_28_thief_of_the_operator_key_cannot_run_the_drill_backwards(
    chain, staked, settings
):
    """Its key in the place of the admin's."""
    key = KeySource(key=(settings.SITE_KEYS_FOLDER / "operator").read_text())
    settings.SITE_KEYS = settings.SITE_KEYS | {"deployer": key}
    with pytest.raises(CommandError, match="does not have the role admin"):
        command("revoke_key", "guardian", signer(Role.GUARDIAN).address, "--instead", THIEF)
