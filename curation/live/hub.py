"""One subscription per stream and process, shared by all its sockets.

A room follows one stream: it hears hints over the channel layer, looks into the log every few
seconds in case a hint was lost, renders each event once and hands the same text to every
subscriber, in one piece when there are several. Everything here runs on the web process's event
loop, so plain sets suffice.
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
from curation.live.news import News

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 5.0
REMEMBERED = 256
AT_A_TIME = 100  # sockets, before others on the loop get their turn
Send = Callable[[News], Awaitable[None]]


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
        self.guests = 0  # subscribers and those about to be
        self.recent: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)  # (number, fragment)
        self.position = 0
        self._advancing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None  # an advance that has not begun to read
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
        self._tasks = [
            asyncio.create_task(self._listen(layer, channel)),
            asyncio.create_task(self._look()),
        ]
        await layer.group_add(bus.group(self.stream), channel)
        self.position = await database_sync_to_async(selectors.position)(self.stream)

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
            await self._advance()

    async def _advance(self) -> None:
        reading = await database_sync_to_async(fragments.read)(self.stream, self.position)
        if reading is None:
            self.recent.clear()
            self.position = await database_sync_to_async(selectors.position)(self.stream)
            await self._tell(fragments.refetch(self.stream))
            for subscriber in self.subscribers:
                subscriber.position = self.position
            return
        if not (news := reading.fragments):
            return
        self.position = news[-1][0]
        if reading.takes_back:  # whoever comes later hears of it from the log, as it is now
            self.recent.clear()
        self.recent.extend(news)
        pieces: dict[int, News] = {}  # by where a subscriber stands; nearly always one
        for number, subscriber in enumerate(list(self.subscribers), 1):
            have = subscriber.position
            subscriber.position = max(have, self.position)
            if have not in pieces:
                pieces[have] = News([text for at, text in news if at > have])
            await self._send(subscriber, pieces[have])
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def advance_together(self) -> None:
        """Like `advance`, but one reading serves all who ask before it begins.

        After a restart everybody comes back at once; a reading each would keep them waiting.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._advance_next())
        await asyncio.shield(self._next)

    async def _advance_next(self) -> None:
        async with self._advancing:
            self._next = None  # who asks from here on may miss something in this reading
            await self._advance()

    async def catch_up(self, subscriber: Subscriber) -> None:
        """Send a newcomer what it missed, then let it follow."""
        await self.advance_together()
        if self.recent and self.recent[0][0] <= subscriber.position + 1:
            missed = [text for number, text in self.recent if number > subscriber.position]
        elif subscriber.position == self.position:
            missed = []
        else:
            news = await database_sync_to_async(fragments.since)(self.stream, subscriber.position)
            missed = [fragments.refetch(self.stream)] if news is None else [t for _, t in news]
            if news:
                subscriber.position = news[-1][0]
                await self._send(subscriber, News(missed))
                if subscriber.position < self.position:
                    return await self.catch_up(subscriber)
                self.subscribers.add(subscriber)  # what comes next comes to all
                return None
        subscriber.position = self.position
        self.subscribers.add(subscriber)
        if missed:
            await self._send(subscriber, News(missed))
        return None

    async def _tell(self, text: str) -> None:
        news = News([text])
        for number, subscriber in enumerate(list(self.subscribers), 1):
            await self._send(subscriber, news)
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def _send(self, subscriber: Subscriber, news: News) -> None:
        try:
            await subscriber.send(news)
        except Exception:  # noqa: BLE001 - a socket that is gone; its consumer leaves by itself
            self.subscribers.discard(subscriber)

    def close(self) -> None:
        """Stop following the stream."""
        if self._ready is not None:
            self._ready.cancel()
        for task in (*self._tasks, *filter(None, [self._next])):
            task.cancel()


class Hub:
    """The rooms of this process."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    def knows(self, stream: str) -> bool:
        """Whether somebody follows it already, so that nobody has to ask whether it is there."""
        return stream in self.rooms

    async def join(self, stream: str, send: Send, since: int) -> Subscriber:
        """Follow a stream from just after event `since`."""
        room = self.rooms.setdefault(stream, Room(stream))
        subscriber = Subscriber(send, since)
        room.guests += 1  # counted before the first await: the last to leave closes the room
        try:
            await room.opened()
            await room.catch_up(subscriber)
        except BaseException:
            self._left(room, subscriber)
            raise
        return subscriber

    def leave(self, stream: str, subscriber: Subscriber) -> None:
        """Stop following; the last one out closes the room."""
        room = self.rooms.get(stream)
        if room is not None:
            self._left(room, subscriber)

    def _left(self, room: Room, subscriber: Subscriber) -> None:
        room.subscribers.discard(subscriber)
        room.guests -= 1
        if not room.guests:
            room.close()
            del self.rooms[room.stream]


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(id(asyncio.get_running_loop()), Hub())
