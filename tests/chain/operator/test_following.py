"""What becomes of a transaction after it was sent: nothing is lost, nothing happens twice."""

import pytest
from django.utils import timezone
from eth_utils.address import to_checksum_address

from chain.operator.errors import TransactionSlow
from chain.operator.fees import GWEI
from chain.operator.following import STUCK, follow, wait
from chain.operator.heads import look
from chain.operator.keys import Role, signer
from chain.operator.models import Deployment, Transaction
from chain.operator.selectors import CURATION, TOKEN
from tests.chain.chains import own_chain

from .reverting import open_in_paused_contract
from .test_transactions import SOMEBODY, give, held

Status = Transaction.Status


def operator() -> str:
    return signer(Role.OPERATOR).address


def make_old(row: Transaction) -> None:
    """As if it had been signed long enough ago to be stuck."""
    Transaction.objects.filter(pk=row.pk).update(sent_at=timezone.now() - STUCK * 2)


def forget_mempool(chain) -> None:
    """What a node forgets when it is restarted."""
    chain.node.call("anvil_dropAllTransactions")


def seen(row: Transaction) -> Transaction:
    row.refresh_from_db()
    return row


def test_receipts_lead_from_sent_over_included_to_final(chain, contracts):
    chain.automine(False)
    row = give(contracts, 5)
    follow()
    assert seen(row).status == Status.SENT
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert row.block_number == look().number
    chain.mine(4)
    follow()
    assert seen(row).status == Status.FINAL
    assert held(chain, contracts) == 5


def test_stuck_transaction_is_replaced_with_the_same_nonce_and_an_eighth_more(chain, contracts):
    chain.automine(False)
    row = give(contracts, 5)
    follow()
    assert len(seen(row).hashes) == 1  # not stuck yet
    before = row
    make_old(row)
    follow()
    after = Transaction.objects.get(pk=row.pk)
    assert len(after.hashes) == 2
    assert after.nonce == before.nonce
    assert after.max_fee_wei >= before.max_fee_wei * 9 / 8
    assert after.tip_wei >= before.tip_wei * 9 / 8
    follow()
    assert len(seen(row).hashes) == 2  # it has a while to work
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert held(chain, contracts) == 5
    assert chain.count(operator()) == row.nonce + 1


def test_replacement_stops_at_the_cap_and_says_so(chain, contracts, settings):
    chain.automine(False)
    row = give(contracts, 5)
    settings.MAX_FEE_GWEI = int(row.max_fee_wei) // GWEI + 1
    for _ in range(12):
        make_old(row)
        follow()
    assert len(seen(row).hashes) < 10
    assert "MAX_FEE_GWEI" in row.reason
    assert row.max_fee_wei <= settings.MAX_FEE_GWEI * GWEI
    assert row.status == Status.SENT
    settings.MAX_FEE_GWEI = 1000
    make_old(row)
    follow()
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert held(chain, contracts) == 5


def test_underpriced_transaction_gets_into_a_block_when_it_offers_more(chain, contracts):
    chain.automine(False)
    row = give(contracts, 5)
    dear = int(row.max_fee_wei) * 2
    chain.node.call("anvil_setNextBlockBaseFeePerGas", hex(dear))
    chain.mine()
    follow()
    assert seen(row).status == Status.SENT
    assert chain.count(operator()) == row.nonce
    make_old(row)
    follow()
    assert seen(row).max_fee_wei > dear
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert held(chain, contracts) == 5


def test_transaction_included_under_an_earlier_hash_counts_once(chain, contracts):
    chain.automine(False)
    row = give(contracts, 5)
    first = bytes(row.raw)
    make_old(row)
    follow()
    assert len(seen(row).hashes) == 2
    forget_mempool(chain)
    chain.node.call("eth_sendRawTransaction", f"0x{first.hex()}")
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    chain.mine(4)
    follow()
    assert seen(row).status == Status.FINAL
    assert held(chain, contracts) == 5
    assert chain.count(operator()) == row.nonce + 1


def test_forgotten_transaction_is_sent_again_as_it_was(chain, contracts):
    chain.automine(False)
    row = give(contracts, 5)
    forget_mempool(chain)
    follow()
    assert len(seen(row).hashes) == 1
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert held(chain, contracts) == 5


def test_forgotten_transaction_is_sent_again_by_a_process_without_the_key(
    chain, contracts, settings
):
    chain.automine(False)
    row = give(contracts, 5)
    forget_mempool(chain)
    settings.EMBEDDED_CHAIN = False
    make_old(row)
    follow()
    assert "no key" in seen(row).reason
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert held(chain, contracts) == 5


def test_several_lost_ones_come_back_in_the_order_of_their_nonces(chain, contracts):
    chain.automine(False)
    rows = [give(contracts, 10**n) for n in range(4)]
    forget_mempool(chain)
    follow()
    chain.mine()
    follow()
    assert [seen(row).status for row in rows] == [Status.INCLUDED] * 4
    assert held(chain, contracts) == 1111


def test_nonce_of_a_forgotten_transaction_is_not_given_twice(chain, contracts):
    chain.automine(False)
    first = give(contracts, 1)
    forget_mempool(chain)
    assert give(contracts, 10).nonce == first.nonce + 1
    follow()
    chain.mine()
    follow()
    assert held(chain, contracts) == 11


def test_gap_before_a_transaction_is_filled(chain, contracts):
    """A nonce was given, but what held it is no longer known to anybody."""
    chain.automine(False)
    lost, waiting = give(contracts, 1), give(contracts, 10)
    lost.delete()
    forget_mempool(chain)
    for _ in range(3):
        follow()
        chain.mine()
    follow()
    assert seen(waiting).status in {Status.INCLUDED, Status.FINAL}
    assert held(chain, contracts) == 10
    assert Transaction.objects.filter(purpose__startswith="fill nonce").count() == 1


def test_no_gap_is_filled_while_there_is_none(chain, contracts):
    chain.automine(False)
    give(contracts, 1)
    give(contracts, 10)
    for _ in range(3):
        follow()
        chain.mine()
    chain.automine(True)
    give(contracts, 100)
    follow()
    assert not Transaction.objects.filter(purpose__startswith="fill nonce").exists()


def act_by_hand(chain, nonce: int) -> None:
    """The operator's own wallet sends something with this nonce, past this site."""
    fields = {
        "chainId": 31337,
        "nonce": nonce,
        "gas": 21_000,
        "to": to_checksum_address(SOMEBODY),
        "value": 1,
        "data": b"",
    }
    fields |= {"maxFeePerGas": 90 * GWEI, "maxPriorityFeePerGas": 9 * GWEI}
    raw = signer(Role.OPERATOR).sign(fields).raw
    chain.node.call("eth_sendRawTransaction", f"0x{raw.hex()}")


def test_overtaken_transaction_gets_another_nonce_once_that_is_final(chain, contracts):
    chain.automine(False)
    row = give(contracts, 5)
    taken = row.nonce
    forget_mempool(chain)
    act_by_hand(chain, taken)
    chain.mine()
    assert chain.count(operator()) == taken + 1
    follow()
    assert (seen(row).status, row.nonce) == (Status.SENT, taken)  # a reorg may turn it round
    chain.mine(4)
    follow()
    assert seen(row).nonce in {None, taken + 1}
    follow()
    chain.mine()
    follow()
    assert (seen(row).status, row.nonce) == (Status.INCLUDED, taken + 1)
    assert held(chain, contracts) == 5


def test_nonces_go_on_after_what_a_person_sent(chain, contracts):
    act_by_hand(chain, chain.count(operator()))
    wait(give(contracts, 5))
    assert held(chain, contracts) == 5


def test_transaction_that_a_reorg_took_out_is_sent_again(chain, contracts):
    row = wait(give(contracts, 5))
    chain.node.call("anvil_reorg", 1, [])
    assert held(chain, contracts) == 0
    chain.automine(False)
    forget_mempool(chain)
    follow()
    assert seen(row).status == Status.SENT
    follow()
    chain.mine()
    follow()
    assert seen(row).status == Status.INCLUDED
    assert held(chain, contracts) == 5
    assert chain.count(operator()) == row.nonce + 1


def test_deployment_moved_by_a_reorg_is_recorded_where_it_is(chain, contracts):
    found = Deployment.objects.get(name=TOKEN)
    row = Transaction.objects.get(purpose="deploy SalonToken")
    head = look().number
    chain.node.call("anvil_reorg", head - found.block_number + 1, [])
    chain.mine(2)
    for _ in range(8):
        follow()
        chain.mine()
    assert seen(row).block_number != found.block_number
    found.refresh_from_db()
    assert found.block_number == row.block_number
    assert chain.node.code_at(found.address)


def test_embedded_chain_that_lost_final_blocks_gets_them_again(chain, contracts):
    """A kill of anvil loses its last blocks, however final they were called."""
    snapshot = chain.node.call("evm_snapshot")
    rows = [wait(give(contracts, 1)), wait(give(contracts, 10))]
    failed = open_in_paused_contract(chain, contracts)
    rows.append(wait(give(contracts, 100)))
    chain.mine(4)
    follow()
    assert {seen(row).status for row in rows} == {Status.FINAL}
    assert seen(failed).status == Status.FAILED
    chain.node.call("evm_revert", snapshot)
    assert held(chain, contracts) == 0
    for _ in range(3):
        follow()
    assert held(chain, contracts) == 111  # nor did what had failed leave a gap
    assert {seen(row).status for row in rows} <= {Status.INCLUDED, Status.FINAL}
    assert wait(give(contracts, 1000)).nonce == rows[-1].nonce + 1


def test_waiting_ends_with_what_it_waits_for(chain, contracts):
    chain.automine(False)
    with pytest.raises(TransactionSlow, match="give 5: it is not in a block yet"):
        wait(give(contracts, 5), timeout_s=0.3)


def test_another_chain_with_the_same_number_gets_nothing_by_mistake(chain, contracts, settings):
    """The database of one site beside the node of another: nonces differ, contracts are absent."""
    settings.EMBEDDED_CHAIN = False
    rows = list(Transaction.objects.values_list("pk", "hashes"))
    with own_chain() as other:
        settings.RPC_URL = other.url
        follow()
        assert other.count(operator_of(contracts)) == 0
    assert list(Transaction.objects.values_list("pk", "hashes")) == rows


def operator_of(contracts) -> str:
    return contracts[CURATION].arguments["operator"]


def test_nothing_to_follow_asks_nothing(db, settings):
    settings.RPC_URL = "http://127.0.0.1:9"
    follow()


def test_clock_ahead_is_told_and_a_block_that_is_a_little_old_is_not(chain):
    assert look().ahead_s == 0
    chain.go_on(3600)
    assert 3590 < look().ahead_s < 3610
