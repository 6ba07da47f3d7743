from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.accounts.models import Member
from curation.accounts.rules import checksum_address
from curation.errors import CurationError
from curation.passkeys.models import Passkey
from curation.passkeys.services import remove_passkey, require_passkey


class Command(BaseCommand):
    help = "List the passkeys of a member of staff; remove one or all, ask for one or no longer."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("address", help="an Ethereum address, 0x…")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--remove", type=int, metavar="ID", help="remove this one")
        what.add_argument("--remove-all", action="store_true", help="remove all")
        what.add_argument(
            "--require", action="store_true", help="ask for one even where it is only offered"
        )
        what.add_argument("--no-require", action="store_true", help="take that back")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            member = Member.objects.filter(address=checksum_address(options["address"])).first()
            if member is None:
                raise CommandError("Nobody here has this address.")
            self._act(member, options)
        except CurationError as error:
            raise CommandError(str(error)) from error

    def _act(self, member: Member, options: dict[str, Any]) -> None:
        rows = list(Passkey.objects.filter(member=member))
        chosen = [options["remove"]] if options["remove"] is not None else []
        for pk in [row.pk for row in rows] if options["remove_all"] else chosen:
            remove_passkey(member=member, passkey_id=pk, by=None)
            self.stdout.write(f"Passkey {pk} is removed, and every session of the member ended.")
        if options["require"]:
            require_passkey(member=member)
            self.stdout.write("A passkey is asked of this member; every session was ended.")
        if options["no_require"]:
            require_passkey(member=member, required=False)
            self.stdout.write("No passkey is asked of this member alone; every session was ended.")
        for row in Passkey.objects.filter(member=member):
            used = f"{row.used_at:%Y-%m-%d %H:%M}" if row.used_at else "never"
            made = f"{row.created_at:%Y-%m-%d %H:%M}"
            self.stdout.write(f"{row.pk}\t{row.name}\tmade {made}\tused {used}")
