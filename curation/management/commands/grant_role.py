from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.accounts.models import Member
from curation.errors import CurationError
from curation.moderation.roles import grant_role


class Command(BaseCommand):
    help = "Make the holder of an address a member of staff. There are no passwords."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("address", help="an Ethereum address, 0x…")
        parser.add_argument("role", choices=Member.Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        role = Member.Role(options["role"])
        try:
            member = grant_role(address=options["address"], role=role)
        except CurationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{member.address} is {role} now, from the next request on.")
