"""Reverts in a block: what is told of them, also when a reorg changes how it ended."""

import pytest

from chain.operator.calls import call
from chain.operator.errors import TransactionFailed
from chain.operator.following import follow, wait
from chain.operator.heads import look
from chain.operator.keys import Role
from chain.operator.models import Transaction
from chain.operator.selectors import CURATION
from chain.operator.transactions import submit

from .reverting import open_by_hand, open_in_paused_contract, pause_by_hand, send_by_hand
from .test_following import seen

Status = Transaction.Status


def test_revert_in_a_block_is_told_and_final_before_it_is_tried_again(chain, contracts):
    row = open_in_paused_contract(chain, contracts)
    assert row.status == Status.INCLUDED
    assert row.reason == "The contract is paused."
    with pytest.raises(TransactionFailed, match="open round 7: The contract is paused"):
        wait(row)
    chain.mine(4)
    follow()
    assert seen(row).status == Status.FAILED
    to, data = row.to, bytes(row.data)
    wait(submit(purpose="unpause", to=to, data=call(CURATION, "unpause"), role=Role.GUARDIAN))
    row = wait(submit(purpose="open round 7", to=to, data=data, again=True))
    assert chain.ask(to, CURATION, "stateOf", 7) == 1


def test_revert_that_a_reorg_made_good_is_no_failure(chain, contracts):
    snapshot = chain.node.call("evm_snapshot")
    row = open_in_paused_contract(chain, contracts)
    assert row.reason == "The contract is paused."
    chain.node.call("evm_revert", snapshot)
    chain.mine(row.block_number - 1 - look().number)
    send_by_hand(chain, bytes(row.raw))  # at the same height, and nobody paused
    assert wait(row).reason == ""
    chain.mine(4)
    follow()
    assert (seen(row).status, row.reason) == (Status.FINAL, "")


def test_success_that_a_reorg_made_a_revert_is_told_as_one(chain, contracts):
    snapshot = chain.node.call("evm_snapshot")
    row = open_by_hand(chain, contracts)
    send_by_hand(chain, bytes(row.raw))
    number = wait(row).block_number
    chain.node.call("evm_revert", snapshot)
    pause_by_hand(chain, row.to)
    send_by_hand(chain, bytes(row.raw))
    with pytest.raises(TransactionFailed, match="open round 7: The contract is paused"):
        wait(row)
    assert seen(row).block_number > number
