"""What scheduler, worker and indexer do for closed rounds, in one process to be killed:
`python -m tests.chain.tallies.counter`.
"""

from __future__ import annotations

import django

django.setup()

from django.conf import settings  # noqa: E402

from chain.client import site_node  # noqa: E402
from chain.indexer import selectors  # noqa: E402
from chain.indexer.running import make_indexer  # noqa: E402
from chain.operator.following import follow  # noqa: E402
from chain.settlement.proposing import propose_due_results  # noqa: E402
from chain.tallies.errors import NotReady  # noqa: E402
from chain.tallies.selectors import rounds_to_tally  # noqa: E402
from chain.tallies.sending import anchor_ballots_that_wait  # noqa: E402
from chain.tallies.services import publish_due_tallies, tally_round  # noqa: E402


def work() -> None:
    """One turn of everything; a block goes by."""
    publish_due_tallies()
    anchor_ballots_that_wait()
    for round_ in rounds_to_tally():
        try:
            tally_round(round_id=round_.pk)
        except NotReady:
            continue
    propose_due_results()
    site_node().call("anvil_mine", "0x1")
    follow()
    following = selectors.following(settings.CHAIN_ID)
    assert following is not None
    indexer = make_indexer(following)
    while indexer.step():
        pass


def main() -> None:
    print("ready", flush=True)
    while True:
        work()


if __name__ == "__main__":
    main()
