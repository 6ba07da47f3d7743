from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chain.indexer import running, selectors, store


class Command(BaseCommand):
    help = "Follow the chain. Any number may run; one is active."

    def add_arguments(self, parser: CommandParser) -> None:
        after = parser.add_mutually_exclusive_group()
        after.add_argument("--resume", action="store_true", help="clear a halt, and end")
        after.add_argument(
            "--anew",
            action="store_true",
            help="forget all that was read so that it is read again from the deployment, and end",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["resume"]:
            halted = store.resume(settings.CHAIN_ID)
            self.stdout.write("The indexer goes on." if halted else "It was not halted.")
            return
        if options["anew"]:
            self._start_over()
            return
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        running.run(stop)

    def _start_over(self) -> None:
        following = selectors.following(settings.CHAIN_ID)
        if following is None:
            raise CommandError("Nothing is deployed on this chain.")
        store.begin(settings.CHAIN_ID, following)
        store.start_over(settings.CHAIN_ID, following)
        self.stdout.write(f"The indexer reads everything again from block {following.first}.")
