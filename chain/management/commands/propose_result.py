from __future__ import annotations

import argparse
import re
from typing import Any

from chain.management.base import ChainCommand
from chain.settlement.services import propose_result


def winner(text: str) -> tuple[str, int]:
    """DIGEST:BPS."""
    if not (found := re.fullmatch(r"(?:0x)?([0-9a-f]{64}):(\d{1,5})", text.strip().lower())):
        raise argparse.ArgumentTypeError(f"{text[:90]!r}: expected DIGEST:BPS, as in 4f…c2:10000")
    return found[1], int(found[2])


class Command(ChainCommand):
    help = "Propose a closed round's winners, with the operator's key. On the embedded chain only."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("round", type=int, help="the round's id, as in its address")
        parser.add_argument(
            "--winner",
            action="append",
            type=winner,
            required=True,
            metavar="DIGEST:BPS",
            help="a candidate and its share in basis points; up to three, which sum to 10000",
        )

    def act(self, options: dict[str, Any]) -> None:
        self.finish(propose_result(round_id=options["round"], winners=options["winner"]))
        self.stdout.write("It is settled by itself when the challenge time is over.")
