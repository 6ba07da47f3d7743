"""`python manage.py roll_back_model --reason "…"`: let the version before the live one draw."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.errors import CurationError
from curation.moderation.models import Reason
from generation.challenges.deeds import roll_back_by_hand
from generation.errors import GenerationError


class Command(BaseCommand):
    """The way back for operators; it is logged with its reason."""

    help = "Let the version before the live one draw again, from the next picture on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Why."""
        parser.add_argument("--reason", required=True, help="for the version's public log")

    def handle(self, **options: Any) -> None:
        """Go back one version."""
        try:
            version = roll_back_by_hand(by=None, reason=Reason.OTHER, note=options["reason"])
        except (GenerationError, CurationError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.slug} draws from now on.")
