from __future__ import annotations

from typing import Any

from chain.management.base import ChainCommand
from chain.settlement.services import veto_result


class Command(ChainCommand):
    help = "Strike a proposed result down, with the guardian's key. It cannot be undone."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("round", type=int, help="the round's id, as in its address")

    def act(self, options: dict[str, Any]) -> None:
        self.finish(veto_result(round_id=options["round"]))
        self.stdout.write("Principal and pool of the round can be taken back now.")
