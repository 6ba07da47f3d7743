"""One subscription per stream and process, shared by all its sockets.

A room follows one stream: it hears hints over the channel layer, looks into the log every few
seconds in case a hint was lost, renders each event once and hands the same text to every
subscriber. Everything here runs on the web process's event loop, so plain sets suffice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from curation.live import bus, fragments, selectors

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 5.0
REMEMBERED = 256
Send = Callable[[str], Awaitable[None]]


class Subscriber:
    """One socket: where it sends and how far it has got."""

    __slots__ = ("position", "send")

    def __init__(self, send: Send, position: int) -> None:
        self.send, self.position = send, position


class Room:
    """Everyone in this process who follows one stream."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.subscribers: set[Subscriber] = set()
        self.recent: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)  # (number, fragment)
        self.position = 0
        self._advancing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._ready: asyncio.Task[None] | None = None

    async def opened(self) -> None:
        """Wait until hints are heard and the room stands at the log's end."""
        if self._ready is None:
            self._ready = asyncio.create_task(self._open())
        await asyncio.shield(self._ready)

    async def _open(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(bus.group(self.stream), channel)
        self.position = await database_sync_to_async(selectors.position)(self.stream)
        self._tasks = [
            asyncio.create_task(self._listen(layer, channel)),
            asyncio.create_task(self._look()),
        ]

    async def _listen(self, layer: Any, channel: str) -> None:
        try:
            while True:
                message = await layer.receive(channel)
                if message["type"] == "preview":
                    await self._tell(fragments.preview(self.stream, message))
                elif message["number"] > self.position:
                    await self._guarded_advance()
        finally:
            with suppress(Exception):
                await layer.group_discard(bus.group(self.stream), channel)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._guarded_advance()

    async def _guarded_advance(self) -> None:
        try:
            await self.advance()
        except Exception as error:  # noqa: BLE001 - the database is away; the next look catches up
            log.warning("stream not advanced", stream=self.stream, error=repr(error))

    async def advance(self) -> None:
        """Deliver what the log holds beyond this room's position."""
        async with self._advancing:
            news = await database_sync_to_async(fragments.since)(self.stream, self.position)
            if news is None:
                self.recent.clear()
                self.position = await database_sync_to_async(selectors.position)(self.stream)
                await self._tell(fragments.refetch(self.stream))
                for subscriber in self.subscribers:
                    subscriber.position = self.position
                return
            for number, text in news:
                self.position = number
                self.recent.append((number, text))
                for subscriber in list(self.subscribers):
                    if subscriber.position < number:
                        subscriber.position = number
                        await self._send(subscriber, text)

    async def catch_up(self, subscriber: Subscriber) -> None:
        """Send a newcomer what it missed, then let it follow."""
        await self.advance()
        if self.recent and self.recent[0][0] <= subscriber.position + 1:
            missed = [text for number, text in self.recent if number > subscriber.position]
        elif subscriber.position == self.position:
            missed = []
        else:
            news = await database_sync_to_async(fragments.since)(self.stream, subscriber.position)
            missed = [fragments.refetch(self.stream)] if news is None else [t for _, t in news]
            if news:
                subscriber.position = news[-1][0]
                await self._send_all(subscriber, missed)
                return await self.catch_up(subscriber)
        subscriber.position = self.position
        self.subscribers.add(subscriber)
        await self._send_all(subscriber, missed)
        return None

    async def _send_all(self, subscriber: Subscriber, texts: list[str]) -> None:
        for text in texts:
            await self._send(subscriber, text)

    async def _tell(self, text: str) -> None:
        for subscriber in list(self.subscribers):
            await self._send(subscriber, text)

    async def _send(self, subscriber: Subscriber, text: str) -> None:
        try:
            await subscriber.send(text)
        except Exception:  # noqa: BLE001 - a socket that is gone; its consumer leaves by itself
            self.subscribers.discard(subscriber)

    def close(self) -> None:
        """Stop following the stream."""
        for task in self._tasks:
            task.cancel()


class Hub:
    """The rooms of this process."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    async def join(self, stream: str, send: Send, since: int) -> Subscriber:
        """Follow a stream from just after event `since`."""
        room = self.rooms.setdefault(stream, Room(stream))
        subscriber = Subscriber(send, since)
        await room.opened()
        await room.catch_up(subscriber)
        return subscriber

    def leave(self, stream: str, subscriber: Subscriber) -> None:
        """Stop following; the last one out closes the room."""
        room = self.rooms.get(stream)
        if room is None:
            return
        room.subscribers.discard(subscriber)
        if not room.subscribers:
            room.close()
            del self.rooms[stream]


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(id(asyncio.get_running_loop()), Hub())
