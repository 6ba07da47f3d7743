"""Starts indexers quickly, each a process of its own that can be killed.

`python -m tests.faults.indexer_nursery`: for every line on stdin another is forked off, and its
process id printed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import django


def main() -> None:
    django.setup()
    from chain.indexer import running
    from curation.live import bus

    running.STAND_BY_S = running.TICK_S = 0.02
    assert bus  # imported before forking
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    print("ready", flush=True)
    for _ in sys.stdin:
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            running.run(threading.Event())
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
