"""What may pass from a page through the demo wallet to anvil: a pure check of one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chain.demo import errors
from chain.demo.members import DEMO_ADDRESSES

# How many parameters a method may have; none of these can change the chain or reveal a key.
READING = {
    "eth_chainId": 0,
    "net_version": 0,
    "eth_accounts": 0,
    "eth_blockNumber": 0,
    "eth_gasPrice": 0,
    "eth_maxPriorityFeePerGas": 0,
    "eth_getBalance": 2,
    "eth_getTransactionCount": 2,
    "eth_getCode": 2,
    "eth_getTransactionByHash": 1,
    "eth_getTransactionReceipt": 1,
    "eth_getBlockByNumber": 2,
    "eth_feeHistory": 3,
    "eth_call": 2,  # a third would override what the accounts hold
    "eth_estimateGas": 2,
}
FIELDS = frozenset(
    {
        *("from", "to", "value", "data", "input", "gas", "gasPrice", "nonce", "type", "chainId"),
        *("maxFeePerGas", "maxPriorityFeePerGas", "accessList"),
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One JSON-RPC call that may go on to anvil."""

    method: str
    parameters: list[object]


def read_call(body: object) -> Call:
    """The call in a decoded JSON body.

    Raises:
        RequestMalformed: it is a batch, or no JSON-RPC 2.0 call.
        MethodForbidden: the method is not on the list.
        ParametersForbidden: nor are such parameters.
        NotADemoMember: it would sign or send for somebody else.
    """
    if not isinstance(body, dict):
        raise errors.RequestMalformed("One JSON-RPC call at a time, please.")
    method, parameters = body.get("method"), body.get("params", [])
    if body.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise errors.RequestMalformed("This is no JSON-RPC 2.0 call.")
    if not isinstance(parameters, list):
        raise errors.RequestMalformed("Parameters come as a list.")
    if method in READING:
        if len(parameters) > READING[method]:
            raise errors.ParametersForbidden(f"{method} takes {READING[method]} parameters here.")
    elif method in SIGNING:
        SIGNING[method](parameters)
    else:
        raise errors.MethodForbidden(f"The demo wallet does not do {method[:60]}.")
    return Call(method, parameters)


def read_id(body: object) -> int | str | None:
    """What the answer has to repeat; none when it is not short."""
    number = body.get("id") if isinstance(body, dict) else None
    return number if isinstance(number, int | str) and len(str(number)) <= 64 else None


def _personal_sign(parameters: list[object]) -> None:
    if len(parameters) not in {2, 3} or not all(isinstance(part, str) for part in parameters):
        raise errors.ParametersForbidden("personal_sign takes a text in hex and an address.")
    del parameters[2:]  # a password, which some pages still send
    _ours(parameters[1])


def _sign_typed_data(parameters: list[object]) -> None:
    if len(parameters) != 2:
        raise errors.ParametersForbidden("eth_signTypedData_v4 takes an address and typed data.")
    _ours(parameters[0])


def _send_transaction(parameters: list[object]) -> None:
    if len(parameters) != 1 or not isinstance(transaction := parameters[0], dict):
        raise errors.ParametersForbidden("eth_sendTransaction takes one transaction.")
    if unknown := sorted(set(transaction) - FIELDS):
        raise errors.ParametersForbidden(f"The demo wallet sends no {str(unknown[0])[:60]}.")
    _ours(transaction.get("from"))


def _ours(address: object) -> None:
    if not isinstance(address, str) or address.lower() not in DEMO_ADDRESSES:
        raise errors.NotADemoMember("The demo wallet holds the ten demo members only.")


SIGNING: dict[str, Callable[[list[object]], None]] = {
    "personal_sign": _personal_sign,
    "eth_signTypedData_v4": _sign_typed_data,
    "eth_sendTransaction": _send_transaction,
}
