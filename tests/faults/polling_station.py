"""A site's web processes, forked from one that has everything imported, so that many can be killed.

`python -m tests.faults.polling_station FILE`: makes tables, a round and voters, writes what it
takes to vote to FILE, says "ready". For every port on stdin another web process is forked off,
and its process id printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import sys
from pathlib import Path

import django
from psycopg_pool.base import AttemptWithBackoff

VOTERS, PICTURES = 100, 45
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def prepare(path: Path) -> None:
    """Fill an empty database."""
    from django.core.management import call_command

    from tests.factories import RoundFactory
    from tests.voters import Voter, deploy, hang

    call_command("migrate", verbosity=0)
    domain, round_ = deploy(), RoundFactory()
    voters = [Voter(domain) for _ in range(VOTERS)]
    facts = {
        "chain_id": domain.chain_id,
        "contract": domain.contract,
        "round": round_.pk,
        "digests": [candidate.digest for candidate in hang(round_, PICTURES)],
        "voters": [
            [voter.wallet.address, voter.key.private.private_numbers().private_value]
            for voter in voters
        ],
    }
    path.write_text(json.dumps(facts))


def serve(port: int) -> None:
    """What the supervisor's command for a web process does; ends with the process it came from."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(2, 1)  # where it says what was asked of it
    # After a kill the pool tries again in 1, 2, 4 seconds; here the next kill is due by then.
    AttemptWithBackoff.INITIAL_DELAY, AttemptWithBackoff.DELAY_BACKOFF = 0.1, 1.2
    address = ("--no-server-name", "-b", "127.0.0.1", "-p", str(port))
    sys.argv = ["project.web", *address, "project.asgi:application"]
    runpy.run_module("project.web", run_name="__main__")


def main() -> None:
    from project import settings

    settings.INSTALLED_APPS.remove("daphne")  # it would make one event loop for all that are forked
    django.setup()
    import project.asgi
    import project.urls

    assert project.asgi
    assert project.urls
    if (pid := os.fork()) == 0:  # a connection made here would be everybody's
        prepare(Path(sys.argv[1]))
        os._exit(0)
    os.waitpid(pid, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    print("ready", flush=True)
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(int(line))
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
