from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from project import scheduler


class Command(BaseCommand):
    help = "Open and close rounds, release jobs, sweep. Any number may run; one is active."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        scheduler.run(stop)
