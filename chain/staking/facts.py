"""What the chain says of a member and a round right now, asked in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from eth_abi.exceptions import DecodingError

from chain.client import Node
from chain.operator.calls import GAS_TO_READ, answer, call
from chain.operator.heads import look
from chain.operator.selectors import CURATION, FAUCET, TOKEN, deployment
from chain.staking.errors import ContractsMissing
from curation.accounts.wallets import NodeUnreachable

Question = tuple[str, str, tuple[Any, ...]]  # contract's name, function, arguments


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """Where the site's contracts are; `faucet` is empty where there is none."""

    curation: str
    token: str
    smallest_wei: int
    faucet: str = ""

    @classmethod
    def found(cls) -> Contracts:
        """The deployed ones. Raises ContractsMissing."""
        rows = {name: deployment(name) for name in (CURATION, TOKEN, FAUCET)}
        curation, token, faucet = rows[CURATION], rows[TOKEN], rows[FAUCET]
        if curation is None or token is None:
            raise ContractsMissing("This site takes no stakes: it has no contracts on its chain.")
        return cls(
            curation=curation.address,
            token=token.address,
            faucet=faucet.address if faucet is not None else "",
            smallest_wei=int(curation.arguments.get("smallestStake_", 1)),
        )

    def address(self, name: str) -> str:
        return {CURATION: self.curation, TOKEN: self.token, FAUCET: self.faucet}[name]


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The site's node, the time there, and how to ask the contracts."""

    node: Node
    contracts: Contracts
    now: datetime
    ahead: timedelta  # of our clock

    @classmethod
    def looked_at(cls) -> Chain:
        """Ask where the chain stands.

        Raises:
            ContractsMissing: there is nothing to ask.
            NodeUnreachable: the node does not answer, or is of another chain.
        """
        contracts, view = Contracts.found(), look()
        ahead = timedelta(seconds=view.ahead_s)
        now = max(view.at, datetime.now(UTC) + ahead)  # the next block is no older than now
        return cls(node=view.node, contracts=contracts, now=now, ahead=ahead)

    def ask(self, questions: Sequence[Question]) -> list[Any]:
        """The one value each of several functions answers, on the newest block.

        Raises:
            NodeRefused: a function reverted.
            NodeUnreachable: the node does not answer sensibly.
        """
        calls = [("eth_call", self._request(*question), "latest") for question in questions]
        words = self.node.batch(calls)
        try:
            return [
                answer(name, function, bytes.fromhex(word.removeprefix("0x")))[0]
                for (name, function, _), word in zip(questions, words, strict=True)
            ]
        except (DecodingError, ValueError, AttributeError, OverflowError) as error:
            raise NodeUnreachable("The chain's node answered for no contract of ours.") from error

    def _request(self, name: str, function: str, arguments: tuple[Any, ...]) -> dict[str, str]:
        data = call(name, function, *arguments).hex()
        return {
            "to": self.contracts.address(name),
            "data": f"0x{data}",
            "gas": hex(GAS_TO_READ),
        }
