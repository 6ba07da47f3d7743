import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.client import Node
from chain.operator.errors import GasTooDear
from chain.operator.fees import GWEI, Fees, raised, suggested
from curation.accounts.wallets import NodeUnreachable
from tests.chain.nodes import http, listener, result


def ask(answers: dict[str, object]) -> Fees:
    """Fees by a node that answers this."""

    def reply(stream, request):
        stream.sendall(http(result(request, answers[request["method"]])))

    with listener(reply) as node:
        return suggested(Node(node.url, chain_id=1, private=True))


def history(base_wei: int, *tips_wei: int) -> dict[str, object]:
    return {"baseFeePerGas": [hex(5), hex(base_wei)], "reward": [[hex(tip)] for tip in tips_wei]}


def answers(base_wei: int, asked_wei: int, *tips_wei: int) -> dict[str, object]:
    fees = history(base_wei, *tips_wei)
    return {"eth_feeHistory": fees, "eth_maxPriorityFeePerGas": hex(asked_wei)}


def test_base_fee_may_double_and_the_tip_is_what_others_paid():
    assert ask(answers(10 * GWEI, GWEI, 1, 3 * GWEI, 9 * GWEI)) == Fees(23 * GWEI, 3 * GWEI)
    assert ask(answers(10 * GWEI, 4 * GWEI, 1, 2)) == Fees(24 * GWEI, 4 * GWEI)


def test_chain_without_tips_gets_the_least_one():
    assert ask(answers(0, 0)) == Fees(1, 1)


def test_fees_stay_below_the_cap(settings):
    settings.MAX_FEE_GWEI = 15
    assert ask(answers(10 * GWEI, 20 * GWEI)) == Fees(15 * GWEI, 15 * GWEI)
    with pytest.raises(GasTooDear, match=r"15\.0 gwei, more than MAX_FEE_GWEI"):
        ask(answers(15 * GWEI, 0))


@pytest.mark.parametrize("wrong", [None, {}, {"baseFeePerGas": []}, {"baseFeePerGas": ["x"]}, 7])
def test_nonsense_is_no_fee(wrong):
    with pytest.raises(NodeUnreachable):
        ask({"eth_feeHistory": wrong, "eth_maxPriorityFeePerGas": "0x1"})


wei = st.integers(0, 80 * GWEI)


@given(before=st.builds(Fees, wei, wei), now=st.builds(Fees, wei, wei))
def test_replacement_offers_an_eighth_more_of_both(before, now):
    found = raised(before, now)
    assert found.tip_wei >= max(1, before.tip_wei * 1.125)
    assert found.max_fee_wei >= max(1, before.max_fee_wei * 1.125, now.max_fee_wei)
    assert found.tip_wei <= found.max_fee_wei <= 100 * GWEI


def test_replacement_stops_at_the_cap():
    assert raised(Fees(80 * GWEI, 1), Fees(1, 1)).max_fee_wei == 90 * GWEI
    with pytest.raises(GasTooDear, match="stuck at 90"):
        raised(Fees(90 * GWEI, 1), Fees(1, 1))
