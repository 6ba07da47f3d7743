"""The socket of a round."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncWebsocketConsumer

from curation.galleries.models import Round
from curation.live import selectors
from curation.live.hub import Subscriber, hub
from curation.live.news import News

log = structlog.get_logger(__name__)

FRAMES = "salon.frames"  # an extension of our own server, see project.web
MOST_PER_ADDRESS = 64
MOST_FRAMES_PER_MINUTE = 60
_by_address: Counter[str] = Counter()


def _since(query: bytes) -> int | None:
    """The `since` of a query string, -1 when absent, None when it is not a number."""
    values = parse_qs(query.decode("latin-1")).get("since")
    if not values:
        return -1
    number = values[-1]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


class RoundConsumer(AsyncWebsocketConsumer):
    """Sends a round's events from `since` on, then live; what a client sends is not read."""

    subscriber: Subscriber | None = None
    address: str | None = None

    async def __call__(self, *arguments: Any) -> None:
        """Serve one socket, and leave however it ends: a server cancels what is slow to close."""
        try:
            await super().__call__(*arguments)
        finally:
            self._leave()

    async def connect(self) -> None:
        round_id = self.scope["url_route"]["kwargs"]["round_id"]
        since = _since(self.scope["query_string"])
        address = (self.scope.get("client") or ["?"])[0]
        if since is None or _by_address[address] >= self._most(address):
            raise DenyConnection
        if not await database_sync_to_async(Round.objects.filter(pk=round_id).exists)():
            raise DenyConnection
        self.address = address
        _by_address[address] += 1
        self.stream = f"round-{round_id}"
        self.frames, self.frames_since = 0, time.monotonic()
        await self.accept()
        try:
            if since < 0:
                since = await database_sync_to_async(selectors.position)(self.stream)
            self.subscriber = await hub().join(self.stream, self._send, since)
        except Exception as error:  # noqa: BLE001 - a service is away; the page asks again
            log.warning("socket not joined", stream=self.stream, error=repr(error))
            await self.close(code=1013)

    @staticmethod
    def _most(address: str) -> int:
        # Behind a proxy on this host every client shares one address; the proxy limits there.
        return 100_000 if address in ("127.0.0.1", "::1", "?") else MOST_PER_ADDRESS

    async def _send(self, news: News) -> None:
        if FRAMES in self.scope.get("extensions", ()):
            await self.base_send({"type": FRAMES, "frames": news.frames})
            return
        for text in news.texts:
            await self.base_send({"type": "websocket.send", "text": text})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore frames, and hang up on whoever sends many."""
        now = time.monotonic()
        if now - self.frames_since > 60:
            self.frames, self.frames_since = 0, now
        self.frames += 1
        if self.frames > MOST_FRAMES_PER_MINUTE or len(text_data or bytes_data or "") > 65_536:
            await self.close(code=1008)

    def _leave(self) -> None:
        if self.address is not None:
            _by_address[self.address] -= 1
            if not _by_address[self.address]:
                del _by_address[self.address]
        if self.subscriber is not None:
            hub().leave(self.stream, self.subscriber)
