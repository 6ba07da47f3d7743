from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chain.management.base import ChainCommand
from chain.operator.keys import Role
from chain.operator.models import Transaction
from chain.operator.roles import RoleUnchanged, grant, revoke
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
        if not successor:
            self.finish(revoke(role, stolen))
            return
        self._see_to(revoke, role, stolen)
        self._see_to(grant, role, successor)

    def _see_to(self, change: Callable[..., Transaction], role: Role, address: str) -> None:
        """One step of two: when the first run broke off, it may be done."""
        try:
            self.finish(change(role, address))
        except RoleUnchanged as error:
            self.stdout.write(f"{error} Nothing to do.")
