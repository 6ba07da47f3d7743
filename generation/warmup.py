"""Load the live model when a generation worker boots, so that the first picture is quick."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from dramatiq.middleware import Middleware

log = structlog.get_logger(__name__)


class WarmEngine(Middleware):
    """Loads torch and the live model version in the background after a worker's boot."""

    def after_worker_boot(self, _broker: Any, worker: Any) -> None:
        """Start warming when this worker serves the generation queue."""
        if "generation" in (worker.consumer_whitelist or ()):
            threading.Thread(target=self._warm, name="warm-engine", daemon=True).start()

    def after_worker_shutdown(self, _broker: Any, worker: Any) -> None:
        """Let the publication in flight come to its end."""
        if "generation" in (worker.consumer_whitelist or ()):
            from generation.jobs import publishing  # noqa: PLC0415 - after Django is set up

            publishing.drain()

    @staticmethod
    def _warm() -> None:
        from django.db import connections  # noqa: PLC0415

        from generation.jobs import drawing  # noqa: PLC0415 - after Django is set up
        from generation.versions.selectors import live_version  # noqa: PLC0415

        try:
            drawing.load(live_version())
        except Exception as error:  # noqa: BLE001 - the first job will say it where it is seen
            log.warning("engine not warmed", error=str(error))
        finally:
            connections.close_all()
