from __future__ import annotations

from typing import Any

from chain.management.base import ChainCommand
from chain.settlement.proposing import propose_result


class Command(ChainCommand):
    help = "Propose again, at once, what a round's published tally says; for after failures."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("round", type=int, help="the round's id, as in its address")

    def act(self, options: dict[str, Any]) -> None:
        self.finish(propose_result(round_id=options["round"]))
        self.stdout.write("It is settled by itself when the challenge time is over.")
