from __future__ import annotations

from typing import Any

from django.core.management import CommandError

from chain.management.base import ChainCommand
from chain.operator.keys import Role
from chain.operator.roles import RoleUnchanged, grant, revoke, was_revoked
from curation.accounts.rules import checksum_address


class Command(ChainCommand):
    help = "Take a role of the contract from a stolen key, with the admin's (DEPLOYER_KEY)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("role", choices=[Role.OPERATOR.value, Role.GUARDIAN.value])
        parser.add_argument("address", help="whose key was stolen")
        parser.add_argument("--instead", metavar="ADDRESS", help="who gets the role now")
        parser.add_argument(
            "--revoked-elsewhere",
            action="store_true",
            help="the stolen key lost the role by another way than this command",
        )

    def act(self, options: dict[str, Any]) -> None:
        role = Role(options["role"])
        stolen = checksum_address(options["address"])
        successor = checksum_address(options["instead"]) if options["instead"] else ""
        if not successor:
            self.finish(revoke(role, stolen))
            return
        try:
            self.finish(revoke(role, stolen))
        except RoleUnchanged as error:
            if not (options["revoked_elsewhere"] or was_revoked(role, stolen)):
                raise CommandError(
                    f"{error} Nothing was changed. Is that the stolen address? If it lost the "
                    "role by another way than this command, add --revoked-elsewhere."
                ) from error
            self.stdout.write(f"{error} Nothing to do.")
        try:
            self.finish(grant(role, successor))
        except RoleUnchanged as error:  # the first run broke off behind it
            self.stdout.write(f"{error} Nothing to do.")
