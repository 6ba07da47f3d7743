from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chain.anchoring.checking import check_anchor
from chain.errors import ChainError
from curation.errors import CurationError


class Command(BaseCommand):
    help = "Check one candidate from its stored bytes over its proof to the root on the chain."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("digest", help="the candidate's digest, 64 hex digits")

    def handle(self, *args: Any, **options: Any) -> None:
        digest = options["digest"].strip().lower().removeprefix("0x")
        try:
            for held in check_anchor(digest):
                self.stdout.write(held)
        except (ChainError, CurationError) as error:
            raise CommandError(str(error)) from error
