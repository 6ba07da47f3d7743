"""The socket of a round."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http import parse_cookie

from curation.accounts.selectors import member_of_session
from curation.clients import client_of_socket
from curation.galleries.models import Round
from curation.live import selectors
from curation.live.hub import Subscriber, hub
from curation.live.news import News

log = structlog.get_logger(__name__)

FRAMES = "salon.frames"  # an extension of our own server, see project.web
MOST_PER_ADDRESS = 64
MOST_PER_MEMBER = 32  # from wherever they are signed in
MOST_FRAMES_PER_MINUTE = 60
LARGEST_FRAME = 65_536  # bytes
HERE = frozenset({"127.0.0.1", "::/64", "unknown"})  # this machine; of IPv6 a client is the /64
_held: Counter[str] = Counter()  # sockets of this process, by whose they are


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
    holders: tuple[str, ...] = ()  # under which this socket counts

    async def __call__(self, *arguments: Any) -> None:
        """Serve one socket, and leave however it ends: a server cancels what is slow to close."""
        try:
            await super().__call__(*arguments)
        finally:
            self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle a message at once.

        The parent visits the thread in which sockets ask the database before every message, to
        close old connections, and queues up for it behind whoever comes. What asks the database
        here, by `database_sync_to_async`, does that itself.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        round_id = self.scope["url_route"]["kwargs"]["round_id"]
        since = _since(self.scope["query_string"])
        self.stream = f"round-{round_id}"
        if since is None or not await self._admits(round_id):
            self._leave()
            raise DenyConnection
        self.frames, self.frames_since = 0, time.monotonic()
        await self.accept()
        try:
            if since < 0:
                since = await database_sync_to_async(selectors.position)(self.stream)
            self.subscriber = await hub().join(self.stream, self._send, since)
        except Exception as error:  # noqa: BLE001 - a service is away; the page asks again
            log.warning("socket not joined", stream=self.stream, error=repr(error))
            await self.close(code=1013)

    async def _admits(self, round_id: int) -> bool:
        """Whether there is such a round, and whoever asks has not too many sockets."""
        client = client_of_socket(self.scope)
        if not self._count(client, self._most(client)):
            return False
        exists = database_sync_to_async(Round.objects.filter(pk=round_id).exists)
        if not (hub().knows(self.stream) or await exists()):
            return False
        member_id = await self._member_id()
        return member_id is None or self._count(f"member {member_id}", MOST_PER_MEMBER)

    def _count(self, holder: str, most: int) -> bool:
        """Count this socket for somebody, unless they have `most` already."""
        if _held[holder] >= most:
            return False
        _held[holder] += 1
        self.holders += (holder,)
        return True

    async def _member_id(self) -> int | None:
        """Who is signed in; sockets of anybody else ask nothing of the database for this."""
        lines = [value for name, value in self.scope["headers"] if name == b"cookie"]
        cookies = parse_cookie(b"; ".join(lines).decode("latin-1"))
        if not (key := cookies.get(settings.SESSION_COOKIE_NAME)):
            return None
        found: int | None = await database_sync_to_async(member_of_session)(key)
        return found

    @staticmethod
    def _most(client: str) -> int:
        # A proxy on this host that PROXY_COUNT does not tell of makes all clients one.
        return 100_000 if client in HERE else MOST_PER_ADDRESS

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
        size = len(text_data or bytes_data or "")
        if self.frames > MOST_FRAMES_PER_MINUTE or size > LARGEST_FRAME:
            await self.close(code=1008)

    def _leave(self) -> None:
        for holder in self.holders:
            _held[holder] -= 1
            if not _held[holder]:
                del _held[holder]
        self.holders = ()
        if self.subscriber is not None:
            hub().leave(self.stream, self.subscriber)
