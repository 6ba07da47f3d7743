from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from chain.artifacts import bytecode
from chain.management.base import ChainCommand
from chain.operator.calls import creation
from chain.operator.deploying import WHOLE, deploy
from chain.operator.errors import DeploymentRefused
from chain.operator.models import Deployment
from chain.operator.plans import CHALLENGE_S, EMBEDDED_CHALLENGE_S, default_plan
from curation.accounts.rules import checksum_address


class Command(ChainCommand):
    help = "Deploy token and contracts with DEPLOYER_KEY and record them. Cut short, it goes on."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--token", metavar="ADDRESS", help="stake this ERC-20, not a new one")
        parser.add_argument("--token-since", type=int, metavar="BLOCK", help="it was created in")
        parser.add_argument("--treasury", metavar="ADDRESS", help="gets a new token's supply")
        parser.add_argument("--admin", metavar="ADDRESS", help="gives and takes roles (deployer)")
        parser.add_argument("--operator", metavar="ADDRESS", help="default: OPERATOR_KEY's")
        parser.add_argument("--guardian", metavar="ADDRESS", help="default: GUARDIAN_KEY's")
        parser.add_argument(
            "--shortest-challenge",
            type=int,
            metavar="SECONDS",
            help=f"no round's is shorter (default {CHALLENGE_S}; embedded {EMBEDDED_CHALLENGE_S})",
        )
        parser.add_argument("--smallest-stake", metavar="TOKENS", help="default: 1")
        parser.add_argument(
            "--again", action="store_true", help="deploy anew and forget the contracts before"
        )

    def act(self, options: dict[str, Any]) -> None:
        names = ("token", "treasury", "admin", "operator", "guardian")
        addresses = {n: checksum_address(options[n]) for n in names if options[n]}
        plan = default_plan(
            **addresses,
            token_since=options["token_since"],
            shortest_challenge_s=options["shortest_challenge"],
            smallest_stake_wei=_wei(options["smallest_stake"]),
        )
        for contract in deploy(plan, again=options["again"]):
            self._tell(contract)
        self.stdout.write(
            "To verify: `node chain/compile.mjs --check` compiles the sources to the very bytes "
            "that were deployed; give an explorer the compiler, its settings and the encoded "
            "arguments above."
        )

    def _tell(self, contract: Deployment) -> None:
        self.stdout.write(f"{contract.name}: {contract.address}, block {contract.block_number}")
        if not contract.tx_hash:
            self.stdout.write("  was there before")
            return
        self.stdout.write(f"  transaction 0x{contract.tx_hash}")
        self.stdout.write(f"  compiler    {contract.compiler}")
        for name, value in contract.arguments.items():
            self.stdout.write(f"  {name} = {value}")
        self.stdout.write(f"  encoded     0x{_encoded(contract).hex()}")


def _encoded(contract: Deployment) -> bytes:
    """The constructor's arguments as explorers want them."""
    values = [int(v) if v.isdecimal() else v for v in contract.arguments.values()]
    return creation(contract.name, *values)[len(bytecode(contract.name)) :]


def _wei(tokens: str | None) -> int | None:
    if tokens is None:
        return None
    try:
        wei = int(Decimal(tokens) * WHOLE)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise DeploymentRefused(f"--smallest-stake is {tokens!r}: expected a number.") from error
    if wei < 1:
        raise DeploymentRefused(f"--smallest-stake is {tokens!r}: expected more than nothing.")
    return wei
