"""How made-up members stake: as a wallet does, with what the site prepares for it."""

from __future__ import annotations

import time
from typing import Any

import requests
from eth_account.messages import encode_typed_data

from project.simulation.members import TIMEOUT_S, HttpMember, SiteRefused

PATIENCE_S = 30.0  # for a transaction to be included
GAS_MONEY_WEI = 10**18  # given on a development chain
TIP_WEI = 10**9


class NodeRefused(Exception):
    """The chain's node answered with an error, or did not include a transaction in time."""


class Purse:
    """A member's way to the chain: a node, and the key that signs transactions."""

    def __init__(self, member: HttpMember, node: str) -> None:
        self.member, self.node = member, node

    def fill(self) -> None:
        """Get gas money from a development node, and tokens from the site's faucet.

        Raises:
            NodeRefused: it is no development node, or does not answer.
            SiteRefused: the site has no faucet, or it gave to this member a short while ago.
        """
        self._ask_node("anvil_setBalance", self.member.address, hex(GAS_MONEY_WEI))
        self._send(self._prepared({"action": "faucet"}))

    def stake(self, round_id: int, digest: str, amount: str) -> str:
        """Lock tokens behind a candidate; the transaction's hash, once it is included.

        Raises:
            SiteRefused: the candidate is not anchored yet, the time is over, or the like.
            NodeRefused: the chain did not take it.
        """
        order = {"action": "stake", "round": round_id, "candidate": digest, "amount": amount}
        prepared = self._prepared(order)
        if prepared["first"] == "permit":
            asked = self._prepared(order | {"action": "permit"})["typed_data"]
            signed = self.member.account.sign_message(encode_typed_data(full_message=asked))
            permit = {
                "deadline": int(asked["message"]["deadline"]),
                "signature": f"0x{signed.signature.hex()}",
            }
            prepared = self._prepared(order | {"permit": permit})
        elif prepared["first"] == "approve":
            self._send(self._prepared(order | {"action": "approve"}))
            prepared = self._prepared(order)
        return self._send(prepared)

    def _prepared(self, order: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.member.ask("stakes/prepare", order)
        return found

    def _send(self, prepared: dict[str, Any]) -> str:
        wanted = prepared["transaction"]
        base = int(self._ask_node("eth_gasPrice"), 16)
        signed = self.member.account.sign_transaction(
            {
                "type": 2,
                "chainId": prepared["chain_id"],
                "nonce": int(
                    self._ask_node("eth_getTransactionCount", self.member.address, "pending"), 16
                ),
                "to": wanted["to"],
                "data": wanted["data"],
                "value": int(wanted["value"], 16),
                "gas": int(wanted["gas"], 16),
                "maxPriorityFeePerGas": TIP_WEI,
                "maxFeePerGas": 2 * base + TIP_WEI,
            }
        )
        digest = str(self._ask_node("eth_sendRawTransaction", f"0x{signed.raw_transaction.hex()}"))
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if receipt := self._ask_node("eth_getTransactionReceipt", digest):
                if int(receipt["status"], 16) != 1:
                    raise NodeRefused(f"{digest} failed.")
                return digest
            time.sleep(0.5)
        raise NodeRefused(f"{digest} was not included within {PATIENCE_S:.0f} s.")

    def _ask_node(self, method: str, *parameters: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        try:
            answer = requests.post(self.node, json=body, timeout=TIMEOUT_S).json()
        except (requests.RequestException, ValueError) as error:
            raise NodeRefused(f"The node does not answer {method}: {error}") from error
        if "error" in answer:
            raise NodeRefused(f"{method}: {answer['error'].get('message', answer['error'])}")
        return answer["result"]


def refusal(error: Exception) -> str:
    """A short word for why a stake did not come about."""
    return error.code if isinstance(error, SiteRefused) else type(error).__name__
