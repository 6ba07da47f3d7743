from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.errors import CurationError
from curation.moderation.roles import take_role


class Command(BaseCommand):
    help = "Take every role from the holder of an address, and end their sessions."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("address", help="an Ethereum address, 0x…")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            member = take_role(address=options["address"])
        except CurationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{member.address} has no role any more.")
