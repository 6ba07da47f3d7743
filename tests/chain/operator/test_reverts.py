import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from chain.errors import NodeRefused
from chain.operator.calls import artifact
from chain.operator.reverts import CONTRACTS, WORDS, in_words, is_revert, reason

WHO = "0x" + "ab" * 20


def data(signature: str, *values: object) -> bytes:
    types = signature.partition("(")[2][:-1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (data("RoundExists(uint256)", 7), "Round 7 exists on the chain already."),
        (
            data("RoundInState(uint256,uint8)", 7, 3),
            "Round 7 is settled on the chain; this cannot be done in that state.",
        ),
        (
            data("DeadlinePassed(uint256)", 1_893_456_000),
            "It is too late: the deadline was 2030-01-01 00:00:00 UTC.",
        ),
        (
            data("TooEarly(uint256)", 1_893_456_000),
            "It is too early: this can be done from 2030-01-01 00:00:00 UTC on.",
        ),
        (
            data(
                "AccessControlUnauthorizedAccount(address,bytes32)",
                WHO,
                keccak(text="OPERATOR_ROLE"),
            ),
            f"{WHO} does not have the role operator.",
        ),
        (
            data("AccessControlUnauthorizedAccount(address,bytes32)", WHO, bytes(32)),
            f"{WHO} does not have the role admin.",
        ),
        (
            data("NotAnchored(bytes32,uint256)", b"\x11" * 32, 2),
            f"Candidate 0x{'11' * 32} was not anchored in batch 2.",
        ),
        (
            data("BallotsRootMismatch(bytes32,bytes32)", bytes(32), b"\x22" * 32),
            f"The ballots root 0x{'22' * 32} is not the one anchored, 0x{'00' * 32}.",
        ),
        (data("TimesRefused()"), WORDS["TimesRefused"]),
        (
            data("SafeERC20FailedOperation(address)", WHO),
            f"It reverted with SafeERC20FailedOperation(token {WHO}).",
        ),
        (data("Error(string)", "no luck"), "It reverted: no luck."),
        (data("Panic(uint256)", 0x11), "It failed: a number overflowed."),
        (data("Panic(uint256)", 0x32), "It failed: panic 0x32."),
    ],
)
def test_custom_errors_become_sentences(found, words):
    assert in_words(found) == words


@pytest.mark.parametrize(
    "found",
    [
        b"\x01\x02\x03\x04" + bytes(64),
        data("RoundExists(uint256)", 7)[:20],  # cut short
        data("Error(string)", "x")[:40],
        keccak(text="Error(string)")[:4] + encode(["uint256", "uint256"], [32, 2]) + b"\xff\xfe",
        b"\x01",
    ],
)
def test_other_answers_are_shown_as_they_are(found):
    assert in_words(found).startswith("It reverted with 0x")


def test_every_error_of_ours_has_words_or_a_name():
    entries = [e for name in CONTRACTS for e in artifact(name)["abi"] if e["type"] == "error"]
    ours = {e["name"] for e in artifact("ICuration")["abi"] if e["type"] == "error"}
    assert ours - {"NotInThePast"} <= WORDS.keys()
    assert WORDS.keys() <= {entry["name"] for entry in entries}


@pytest.mark.parametrize("nested", [lambda x: x, lambda x: {"data": x}, lambda x: {"result": x}])
def test_data_is_found_where_nodes_put_it(nested):
    error = NodeRefused(3, "execution reverted", nested("0x" + data("Empty()").hex()))
    assert is_revert(error)
    assert reason(error) == WORDS["Empty"]


def test_refusals_of_the_node_are_no_reverts():
    assert not is_revert(NodeRefused(-32000, "insufficient funds for gas * price + value"))
    assert is_revert(NodeRefused(-32000, "execution reverted: nope"))
    assert reason(NodeRefused(-32000, "execution reverted", "nonsense")).startswith("It reverted")
