from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from chain.errors import ChainError
from chain.operator.embedded import ensure_contracts
from curation.errors import CurationError
from generation.engines.errors import EngineError
from project import seeds


class Command(BaseCommand):
    help = "Make all ready: migrate, collect static files, register the model, seed, deploy."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--without-briefs", action="store_true", help="seed no briefs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            reason = str(error).splitlines()[0]
            raise CommandError(
                f"Cannot work on the database that DATABASE_URL names: {reason}. Start it, or "
                "correct DATABASE_URL; without it, `make run` brings a database of its own."
            ) from error
        call_command("collectstatic", verbosity=0, interactive=False)
        try:
            version = seeds.register_model()
        except EngineError as error:
            raise CommandError(str(error)) from error
        seeds.seed_primitives()
        seeds.seed_agents()
        seeds.seed_demo_members()
        if not options["without_briefs"]:
            seeds.seed_briefs()
        self._prepare_chain()
        self.stdout.write(f"prepared: model version {version.slug} is live")

    def _prepare_chain(self) -> None:
        """Contracts on the embedded chain; on any other, `deploy_contracts` is for people."""
        try:
            for line in ensure_contracts():
                self.stdout.write(line)
        except (ChainError, CurationError) as error:
            raise CommandError(f"The embedded chain is not ready: {error}") from error
