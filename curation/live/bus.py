"""The way from any process to every web process: a hint that something happened.

Messages go through the channel layer from one background thread per process, so that a
worker never waits for the broker and never opens a connection per message. Losing one is
fine: web processes look into the log themselves every few seconds.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future
from typing import Any

import structlog
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)
_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}
_MAX_WAITING = 1000
_waiting = 0


def _loop() -> asyncio.AbstractEventLoop:
    """This process's background event loop; workers fork, hence one per process id."""
    with _lock:
        if (loop := _loops.get(os.getpid())) is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="live-bus", daemon=True).start()
        return loop


def _sent(future: Future[None]) -> None:
    global _waiting  # noqa: PLW0603 - a count, guarded by its lock
    with _lock:
        _waiting -= 1
    if error := future.exception():
        log.warning("live hint lost", error=repr(error))


def group(stream: str) -> str:
    """The channel layer group of a stream."""
    return f"live.{stream}"


def send(stream: str, message: dict[str, Any]) -> None:
    """Send a message to everyone who follows a stream; never blocks, never raises."""
    global _waiting  # noqa: PLW0603
    with _lock:
        if _waiting >= _MAX_WAITING:  # the layer is away; hints are not worth memory
            return
        _waiting += 1
    layer = get_channel_layer()
    future = asyncio.run_coroutine_threadsafe(layer.group_send(group(stream), message), _loop())
    future.add_done_callback(_sent)
