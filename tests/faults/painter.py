"""Hangs pictures in a round of a polling station, one after the other.

`python -m tests.faults.painter ROUND PAUSE_S` paints one, and more until stdin ends; then it says
how many.
"""

from __future__ import annotations

import sys
import threading

import django

FIRST = 10_000  # number of a picture; the station's own have lower ones


def main(round_id: int, pause_s: float) -> None:
    django.setup()
    from curation.models import Candidate, Round
    from tests.factories import publish

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    round_, before = Round.objects.get(pk=round_id), Candidate.objects.count()
    print("ready", flush=True)
    hung = 0
    while not (hung and over.wait(pause_s)):
        publish(round_, FIRST + before + hung)
        hung += 1
    print(hung, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
