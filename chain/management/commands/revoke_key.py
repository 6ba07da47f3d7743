from __future__ import annotations

from typing import Any

from chain.management.base import ChainCommand
from chain.operator.keys import Role
from chain.operator.roles import grant, revoke
from curation.accounts.rules import checksum_address


class Command(ChainCommand):
    help = "Take a role of the contract from a stolen key, with the admin's (DEPLOYER_KEY)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("role", choices=[Role.OPERATOR.value, Role.GUARDIAN.value])
        parser.add_argument("address", help="whose key was stolen")
        parser.add_argument("--instead", metavar="ADDRESS", help="who gets the role now")

    def act(self, options: dict[str, Any]) -> None:
        role = Role(options["role"])
        stolen = checksum_address(options["address"])
        successor = checksum_address(options["instead"]) if options["instead"] else ""
        self.finish(revoke(role, stolen))
        if successor:
            self.finish(grant(role, successor))
