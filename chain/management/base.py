"""What commands that send transactions have in common."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chain.errors import ChainError
from chain.operator.following import wait
from chain.operator.models import Transaction
from curation.errors import CurationError


class ChainCommand(BaseCommand):
    """Says in one line what went wrong."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.act(options)
        except (ChainError, CurationError) as error:
            raise CommandError(str(error)) from error

    def act(self, options: dict[str, Any]) -> None:
        """Do it.

        Raises:
            ChainError, CurationError: told to whoever ran the command.
        """
        raise NotImplementedError

    def finish(self, row: Transaction) -> None:
        """Wait until a transaction is in a block, and say where.

        Raises:
            TransactionFailed, TransactionSlow, NodeUnreachable: as `wait`.
        """
        row = wait(row)
        self.stdout.write(f"{row.purpose}: in block {row.block_number}, 0x{row.hashes[-1]}")
