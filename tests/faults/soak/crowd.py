"""Many pages that watch rounds over sockets and come back whenever theirs breaks.

`python -m tests.faults.soak.roles crowd SITE COUNT` reads one JSON command a line and answers each
with one line: `{"rounds": [id, …]}` says which are open, and whoever watches another leaves it for
one of them; `{"look": true}` asks how many are connected; `{"finish": {id: number}, "within_s": …,
"path": …}` waits until everybody has heard up to these event numbers and writes what they know.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

POSITION = re.compile(r'data-position="(\d+)"')
CANDIDATE = re.compile(r'id="candidate-([0-9a-f]{16})"')
GONE = re.compile(r'data-gone="([0-9a-f]{16})"')
STAKE = re.compile(r'id="stake-([0-9a-f]{16})"[^>]*>([^<]*)<')
AT_ONCE = 64  # sockets that open at the same moment
LATE_S = 20.0


class Page:
    """What somebody knows of one round from its socket alone, from its first event on."""

    def __init__(self, round_id: int) -> None:
        self.round_id, self.since = round_id, 0
        self.hung: dict[str, str] = {}  # first 16 digits of a digest → what is staked on it
        self.closed = self.partial = False  # partial: the page shows but the newest pictures
        self.leaps = self.refetches = self.connections = 0

    def take(self, text: str) -> None:
        """One message. What was heard before says nothing; one that is not the next is a leap."""
        if not (found := POSITION.search(text)):
            self.refetches += "data-refetch" in text
            return
        number = int(found[1])
        if number <= self.since:
            return
        self.leaps += number != self.since + 1
        self.since = number
        for digest in GONE.findall(text):
            self.hung.pop(digest, None)
        if 'hx-swap-oob="delete"' not in text:
            for digest in CANDIDATE.findall(text):
                self.hung.setdefault(digest, "")
        for digest, staked in STAKE.findall(text):
            if digest in self.hung:
                self.hung[digest] = staked.strip()
        self.closed = self.closed or "data-closed" in text

    def told(self, *, last: bool) -> dict[str, Any]:
        """For the books; `last`: it was followed to the end."""
        return {**vars(self), "last": last}


class Viewer:
    """A browser: one page at a time, whose socket is opened again until told otherwise."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd, self.rng = crowd, random.Random(number)
        self.page: Page | None = None
        self.connected = False
        self.task: asyncio.Task[None] | None = None

    def watch(self, round_id: int) -> None:
        """Leave the page there was and open another."""
        if self.task:
            self.task.cancel()
        if self.page:
            self.crowd.left.append(self.page.told(last=False))
        self.page = Page(round_id)
        self.task = asyncio.create_task(self._follow(self.page))

    async def _follow(self, page: Page) -> None:
        while True:
            with suppress(OSError, EOFError, WebSocketException):  # TimeoutError is an OSError
                await self._listen(page)
            self.connected = False
            await asyncio.sleep(self.rng.uniform(0.2, 2))
            if page.refetches:
                with suppress(OSError, ValueError):
                    await self._load_anew(page)

    async def _listen(self, page: Page) -> None:
        place = self.crowd.site.replace("http", "ws", 1) + f"/ws/rounds/{page.round_id}/"
        how: dict[str, Any] = {"origin": self.crowd.site, "compression": None}
        async with self.crowd.door:
            live = await connect(
                f"{place}?since={page.since}", open_timeout=LATE_S, ping_interval=None, **how
            )
        try:
            self.connected = True
            page.connections += 1
            async for text in live:
                page.take(str(text))
                if page.refetches:
                    return
        finally:
            self.connected = False
            await live.close()

    async def _load_anew(self, page: Page) -> None:
        """As the page's script does when it is told that it missed too much."""
        url = f"{self.crowd.site}/rounds/{page.round_id}/"

        def load() -> str:
            with urllib.request.urlopen(url, timeout=LATE_S) as answer:
                return answer.read().decode()

        text = await asyncio.to_thread(load)
        self.crowd.refetched += 1
        page.refetches = 0
        if found := POSITION.search(text):
            page.since, page.partial = int(found[1]), True
            page.hung = dict.fromkeys(CANDIDATE.findall(text), "")
            page.hung |= {d: s.strip() for d, s in STAKE.findall(text) if d in page.hung}


class Crowd:
    """Everybody who watches."""

    def __init__(self, site: str, count: int) -> None:
        self.site, self.count = site, count
        self.door = asyncio.Semaphore(AT_ONCE)
        self.left: list[dict[str, Any]] = []  # pages that were left for others
        self.refetched = 0
        self.viewers = [Viewer(self, number) for number in range(count)]

    def spread(self, rounds: list[int]) -> None:
        """Have everybody watch one of these rounds, about as many each."""
        strays = [v for v in self.viewers if v.page is None or v.page.round_id not in rounds]
        for number, viewer in enumerate(strays):
            viewer.watch(rounds[number % len(rounds)])
        share = self.count // len(rounds)
        for round_id in rounds:  # one that has just opened takes from the fullest
            crowds = {r: [v for v in self.viewers if v.page.round_id == r] for r in rounds}
            fullest = max(crowds.values(), key=len)
            moving = min(share - len(crowds[round_id]), len(fullest) - share)
            for viewer in fullest[: max(0, moving)]:
                viewer.watch(round_id)

    def behind(self, positions: dict[int, int]) -> int:
        """How many have not heard up to these event numbers."""
        return sum(v.page.since < positions.get(v.page.round_id, 0) for v in self.viewers)

    async def finish(self, positions: dict[int, int], within_s: float, path: Path) -> int:
        """Write what everybody knows once they are up to date; how many are not by then."""
        for _ in range(int(2 * within_s)):
            if not self.behind(positions):
                break
            await asyncio.sleep(0.5)
        pages = self.left + [viewer.page.told(last=True) for viewer in self.viewers]
        await asyncio.to_thread(path.write_text, json.dumps(pages))
        return self.behind(positions)


def main(site: str, count: int) -> None:
    """Serve commands until stdin ends."""
    asyncio.run(_serve(site, count))


async def _serve(site: str, count: int) -> None:
    crowd = Crowd(site, count)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        answer: dict[str, Any] = {}
        if "rounds" in command:
            crowd.spread(command["rounds"])
        if "finish" in command:
            positions = {int(round_id): number for round_id, number in command["finish"].items()}
            path = Path(command["path"])
            answer["late"] = await crowd.finish(positions, command["within_s"], path)
        answer["connected"] = sum(viewer.connected for viewer in crowd.viewers)
        answer["refetched"] = crowd.refetched
        print(json.dumps(answer), flush=True)
    for viewer in crowd.viewers:
        if viewer.task:
            viewer.task.cancel()
