"""Somebody who watches a round and comes back whenever the socket breaks."""

from __future__ import annotations

import asyncio
import re
import threading

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

POSITION = re.compile(r'data-position="(\d+)"')
CANDIDATE = re.compile(r'id="candidate-([0-9a-f]{16})"')


class Follower(threading.Thread):
    """Follows one round over its socket, from its first event on."""

    def __init__(self, site: str, round_id: int, *, origin: str = "") -> None:
        super().__init__(name=f"follower-{round_id}", daemon=True)
        self.site, self.round_id, self.origin = site, round_id, origin or site
        self.since = 0
        self.numbers: list[int] = []  # in the order of their arrival
        self.digests: dict[int, str] = {}  # event number → first 16 digits
        self.refetches = self.connections = 0
        self.done = threading.Event()

    def run(self) -> None:
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        while not self.done.is_set():
            try:
                await self._listen()
            except (OSError, WebSocketException):  # TimeoutError is an OSError
                await asyncio.sleep(0.2)

    async def _listen(self) -> None:
        place = self.site.replace("http", "ws", 1) + f"/ws/rounds/{self.round_id}/"
        async with connect(
            f"{place}?since={self.since}", origin=self.origin, open_timeout=5
        ) as live:
            self.connections += 1
            while not self.done.is_set():
                try:
                    self._take(str(await asyncio.wait_for(live.recv(), 1)))
                except TimeoutError:
                    continue

    def _take(self, text: str) -> None:
        self.refetches += "data-refetch" in text
        if position := POSITION.search(text):
            self.since = int(position[1])
            self.numbers.append(self.since)
            if candidate := CANDIDATE.search(text):
                self.digests[self.since] = candidate[1]
