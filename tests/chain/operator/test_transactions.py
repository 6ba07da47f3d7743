"""One purpose, one effect, whatever breaks off where."""

import itertools

import pytest
from django.utils import timezone
from eth_account import Account
from eth_utils.crypto import keccak

from chain.client import Node
from chain.operator import transactions
from chain.operator.calls import call
from chain.operator.errors import PurposeTaken, TransactionFailed
from chain.operator.fees import GWEI
from chain.operator.following import follow, wait
from chain.operator.keys import Role, signer
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION, TOKEN
from chain.operator.transactions import begin, submit
from curation.accounts.wallets import NodeUnreachable
from tests.threads import at_once

Status = Transaction.Status
TRANSFER = keccak(text="Transfer(address,address,uint256)")
SOMEBODY = "0x" + "5a" * 20


def give(contracts, amount_wei: int, **options: object) -> Transaction:
    """Have the operator give somebody tokens: done twice, it shows."""
    data = call(TOKEN, "transfer", SOMEBODY, amount_wei)
    to = contracts[TOKEN].address
    return submit(purpose=f"give {amount_wei}", to=to, data=data, **options)


def held(chain, contracts) -> int:
    return chain.ask(contracts[TOKEN].address, TOKEN, "balanceOf", SOMEBODY)


def test_purpose_is_carried_out_once_and_ends_final(chain, contracts):
    row = wait(give(contracts, 5))
    assert give(contracts, 5) == row
    assert held(chain, contracts) == 5
    assert row.status == Status.INCLUDED
    chain.mine(4)
    follow()
    row.refresh_from_db()
    assert row.status == Status.FINAL
    assert give(contracts, 5).status == Status.FINAL
    assert held(chain, contracts) == 5


def test_transaction_is_signed_for_this_chain_with_a_fifth_more_gas(chain, contracts):
    row = wait(give(contracts, 5))
    sent = chain.node.call("eth_getTransactionByHash", f"0x{row.hashes[0]}")
    receipt = chain.node.call("eth_getTransactionReceipt", f"0x{row.hashes[0]}")
    assert int(sent["chainId"], 16) == 31337
    assert int(sent["maxFeePerGas"], 16) == row.max_fee_wei <= 100 * GWEI
    assert (
        Account.recover_transaction(bytes(row.raw)) == row.sender == signer(Role.OPERATOR).address
    )
    assert 1.1 < row.gas / int(receipt["gasUsed"], 16) < 1.4


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_at_any_step_neither_loses_nor_doubles(chain, contracts, monkeypatch, when):
    """Every look at the node is a step: the database is committed between two of them."""
    real = Node.call
    killed = 0
    for amount, step in enumerate(itertools.count(), 1):
        calls = itertools.count()

        def dying(self, method, *params, calls=calls, step=step):
            last = next(calls) == step
            if last and when == "before":
                raise Killed
            found = real(self, method, *params)
            if last:
                raise Killed
            return found

        before = held(chain, contracts)
        with monkeypatch.context() as broken:
            broken.setattr(Node, "call", dying)
            try:
                give(contracts, amount)
            except Killed:
                killed += 1
            else:
                break
        if step % 2:  # whoever comes next: the same caller, or the scheduler
            wait(give(contracts, amount))
        else:
            follow()
            wait(Transaction.objects.get(purpose=f"give {amount}"))
        assert held(chain, contracts) == before + amount
    assert killed >= 6  # chain, estimate, fees, tip, nonce, balance, sending
    nonces = list(
        Transaction.objects.filter(sender=signer(Role.OPERATOR).address).values_list(
            "nonce", flat=True
        )
    )
    assert sorted(nonces) == list(range(len(nonces)))


@pytest.mark.parametrize("target", ["sign_first", "send"])
def test_kill_between_the_commits_neither_loses_nor_doubles(chain, contracts, monkeypatch, target):
    def dying(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(transactions, target, dying)
        with pytest.raises(Killed):
            give(contracts, 3)
    row = Transaction.objects.get(purpose="give 3")
    assert row.status == (Status.PENDING if target == "sign_first" else Status.SENT)
    assert len(row.hashes) == (0 if target == "sign_first" else 1)  # stored before it is sent
    assert held(chain, contracts) == 0
    follow()
    wait(row)
    assert held(chain, contracts) == 3


@pytest.mark.django_db(transaction=True)
def test_racing_processes_carry_a_purpose_out_once(chain, contracts):
    results = at_once(6, lambda _: give(contracts, 7))
    assert {type(found) for found in results} == {Transaction}
    row = wait(Transaction.objects.get(purpose="give 7"))
    assert held(chain, contracts) == 7
    assert len(row.hashes) == 1


@pytest.mark.django_db(transaction=True)
def test_racing_purposes_get_nonces_without_gap_or_double(chain, contracts):
    results = at_once(6, lambda n: give(contracts, 10**n))
    assert {type(found) for found in results} == {Transaction}
    for row in Transaction.objects.filter(purpose__startswith="give"):
        wait(row)
    assert held(chain, contracts) == 111_111
    nonces = [row.nonce for row in Transaction.objects.filter(purpose__startswith="give")]
    assert sorted(nonces) == list(range(min(nonces), min(nonces) + 6))


@pytest.mark.django_db(transaction=True)
def test_racing_purposes_from_before_a_change_of_key_get_nonces_of_the_new_one(chain, contracts):
    to, key = contracts[TOKEN].address, signer(Role.OPERATOR)
    rows = [
        Transaction.objects.create(
            purpose=f"give {n}",
            chain_id=31337,
            sender=Account.create().address,  # a key that was replaced since
            to=to,
            data=call(TOKEN, "transfer", SOMEBODY, 10**n),
        )
        for n in range(6)
    ]
    assert at_once(6, lambda n: begin(rows[n], key)) == [None] * 6
    for row in rows:
        row.refresh_from_db()
        wait(row)
    assert held(chain, contracts) == 111_111
    nonces = [row.nonce for row in rows]
    assert sorted(nonces) == list(range(min(nonces), min(nonces) + 6))
    assert {row.sender for row in rows} == {key.address}


def test_what_would_revert_is_not_sent_and_says_why(chain, contracts):
    count = chain.count(signer(Role.OPERATOR).address)
    row = give(contracts, 10**30)
    assert row.status == Status.FAILED
    assert "and needs 1000000000000000000000000000000" in row.reason
    assert row.hashes == []
    assert chain.count(signer(Role.OPERATOR).address) == count
    with pytest.raises(TransactionFailed, match="give 10000"):
        wait(row)


def test_failed_purpose_rests_before_it_is_tried_again(chain, contracts):
    row = give(contracts, 10**30)
    assert give(contracts, 10**30).attempts == 1  # too soon
    Transaction.objects.update(tried_at=timezone.now() - transactions.PAUSE * 2)
    assert give(contracts, 10**30).attempts == 2
    Transaction.objects.update(tried_at=timezone.now() - transactions.PAUSE * 2)
    assert give(contracts, 10**30).attempts == 2  # now it takes longer
    Transaction.objects.update(
        tried_at=timezone.now() - transactions.PAUSE * 1000, attempts=transactions.MOST_ATTEMPTS
    )
    assert give(contracts, 10**30).attempts == transactions.MOST_ATTEMPTS  # given up
    row = give(contracts, 10**30, again=True)  # but a person may insist
    assert row.attempts == transactions.MOST_ATTEMPTS + 1


def test_failed_purpose_succeeds_with_what_a_person_corrected(chain, contracts):
    to = contracts[TOKEN].address
    wrong = call(TOKEN, "transfer", "0x" + "00" * 20, 5)
    assert submit(purpose="give", to=to, data=wrong).status == Status.FAILED
    right = call(TOKEN, "transfer", SOMEBODY, 5)
    wait(submit(purpose="give", to=to, data=right, again=True))
    assert held(chain, contracts) == 5
    with pytest.raises(PurposeTaken, match="“give” is included already"):
        submit(purpose="give", to=to, data=wrong, again=True)
    assert bytes(submit(purpose="give", to=to, data=wrong).data) == right


def test_purposes_of_two_contracts_do_not_meet(chain, contracts):
    wait(
        submit(
            purpose="poke", to=contracts[TOKEN].address, data=call(TOKEN, "approve", SOMEBODY, 1)
        )
    )
    row = submit(purpose="poke", to=contracts[CURATION].address, data=call(CURATION, "pause"))
    assert row.status == Status.FAILED
    assert row.reason.endswith("does not have the role guardian.")


def test_gas_above_the_cap_is_waited_for(chain, contracts, settings):
    settings.MAX_FEE_GWEI = 1
    chain.node.call("anvil_setNextBlockBaseFeePerGas", hex(2 * GWEI))
    chain.mine()
    row = give(contracts, 5)
    assert row.status == Status.PENDING
    assert "more than MAX_FEE_GWEI" in row.reason
    assert row.nonce is None
    settings.MAX_FEE_GWEI = 50
    follow()
    wait(row)
    assert held(chain, contracts) == 5


def test_node_of_another_chain_is_asked_nothing_more(chain, contracts, settings):
    count = chain.count(signer(Role.OPERATOR).address)
    settings.CHAIN_ID = 1
    with pytest.raises(NodeUnreachable, match="not 1"):
        give(contracts, 5)
    assert chain.count(signer(Role.OPERATOR).address) == count
    assert Transaction.objects.get(purpose="give 5").status == Status.PENDING


def test_node_that_is_down_leaves_the_row_for_later(chain, contracts, settings):
    settings.RPC_URL = "http://127.0.0.1:9"
    with pytest.raises(NodeUnreachable):
        give(contracts, 5)
    with pytest.raises(NodeUnreachable):
        follow()
    settings.RPC_URL = chain.url
    follow()
    wait(Transaction.objects.get(purpose="give 5"))
    assert held(chain, contracts) == 5
