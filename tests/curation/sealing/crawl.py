"""Asks a world everything that can be asked, in every role, and keeps the answers by question."""

from __future__ import annotations

import asyncio
import difflib
import itertools
import json
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections
from django.test import Client
from prometheus_client import REGISTRY, generate_latest

from curation.live import hub
from curation.models import BallotAnchor

from . import databases
from .ground import Ground
from .normal import counted, normal
from .pages import Page, pages
from .worlds import ROLES, World, live

Answers = dict[str, str]
BASE = "sealed"  # the database in which the ground lies
ENDINGS = ("sign-out", "account-sessions-end", "sign_out")  # asked last: they end sessions
SILENCE_S = 0.5  # after which a socket has nothing more to say
ORIGIN = b"http://testserver"
# Not asked, and why.
ALLOWED: dict[str | tuple[str, str], str] = {
    "metrics": "counts every request of the crawl itself; compared by what was counted, apart",
    "moderation/work/": (
        "counts the messages of one broker, which both worlds share; of ballots it reads nothing"
    ),
    ("member", "api/v1/rounds/<int:round_id>/pairs"): (
        "new pairs are drawn at random for one member, some from a pool that follows the running "
        "standings; a test of its own sees that the answer holds pictures and nothing else"
    ),
}
# Query strings by the name that is read.
QUERIES = {
    "after": ["", "3", "x"],
    "before": ["7", "x"],
    "brief": ["brief-0", "none"],
    "count": ["1", "12"],
    "cursor": ["1000", "x"],
    "escalated": ["on"],
    "kind": ["motif", "dream"],
    "limit": ["1", "100"],
    "next": ["/stakes/", "//evil.example"],
    "nonce": ["1"],
    "part": ["1"],
    "q": ["prompt", "0xab", "club"],
    "reason": ["hate", "none"],
    "sender": ["0x" + "ab" * 20],
    "since": ["0", "3", "999", "x"],
    "source": ["held", "hidden", "dead", "hanging", "none"],
    "status": ["open", "closed", "dreaming"],
}


class _Lines(logging.Handler):
    """Log records as text, request by request."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.msg if isinstance(record.msg, dict) else record.getMessage()
        self.lines.append(f"{record.name} {record.levelname} {said}")


@contextmanager
def overheard(answers: Answers, where: str) -> Iterator[None]:
    """Keep what is logged at INFO and counted by metrics meanwhile."""
    handler, root = _Lines(), logging.getLogger()
    others, level, before = root.handlers, root.level, generate_latest(REGISTRY).decode()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers = others
        root.setLevel(level)
    answers[f"{where}: logs"] = normal("\n".join(handler.lines))
    answers[f"{where}: metrics"] = counted(before, generate_latest(REGISTRY).decode())


class Crawler:
    """One role's browser, whose address changes so that no rate is ever spent."""

    def __init__(self, role: str, session: str, answers: Answers) -> None:
        self.role, self.answers, self.asked = role, answers, 0
        self.client = Client(headers={"User-Agent": "Crawler/1.0"}, raise_request_exception=False)
        if session:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = session

    def ask(self, method: str, path: str, body: str = "", *, htmx: bool = False) -> int:
        """Ask once and keep the answer: status, headers, cookies, body."""
        self.asked += 1
        address = f"10.{ROLES.index(self.role)}.{self.asked // 250}.{self.asked % 250}"
        answer = self.client.generic(
            method,
            path,
            body,
            content_type="application/json" if body else "application/x-www-form-urlencoded",
            headers={"HX-Request": "true"} if htmx else {},
            REMOTE_ADDR=address,
        )
        label = " ".join(filter(None, (self.role, method, path, body, htmx and "by htmx")))
        content = answer.getvalue().decode("latin-1")
        head = f"{answer.status_code}\n{sorted(answer.headers.items())}\n{answer.cookies.output()}"
        self.answers[label] = normal(f"{head}\n{content}")
        assert answer.status_code < 500 or path == "/readyz", (label, content[:500])
        return int(answer.status_code)

    def ask_page(self, page: Page, examples: dict[str, list[str]]) -> None:
        """Everything a page can be asked without doing harm.

        Of several paths the first is that of the round being judged, or of what hangs in it; only
        that is asked with every query.
        """
        paths = page.paths(examples)
        for path in paths:
            self.ask("GET", path)
        for search in page.searches(QUERIES):
            if search:
                self.ask("GET", paths[0] + search)
            if page.reads_htmx:
                self.ask("GET", paths[0] + search, htmx=True)
        if self.ask("POST", paths[0]) != 405:
            for path in paths[1:]:
                self.ask("POST", path)
            if page.is_api:
                self.ask("POST", paths[0], "{}")

    def forge(self, guesses: Collection[str]) -> None:
        """Ballots that somebody may have cast, without their signature: did they?"""
        for body in guesses:
            self.ask("POST", "/api/v1/ballots", body)


def crawl(
    world: World,
    ground: Ground,
    *,
    routes: Collection[str] = (),
    roles: Collection[str] = ROLES,
    before: Callable[[], object] = lambda: None,
) -> Answers:
    """All answers of a world, or of some routes to some roles; after something else is done."""
    answers = dict(world.casting)
    asked = [page for page in pages() if not routes or page.route in routes]
    asked.sort(key=lambda page: page.name in ENDINGS)
    with world.visited():
        before()
        with overheard(answers, "crawling"):
            for role in roles:
                crawler = Crawler(role, ground.sessions.get(role, ""), answers)
                crawler.forge(_guesses(ground))
                for page in asked:
                    if (role, page.route) not in ALLOWED and page.route not in ALLOWED:
                        crawler.ask_page(page, ground.examples)
        answers |= asyncio.run(_sockets(_socket_paths(ground)))
    return {label: text.replace(world.root, "ROOT") for label, text in answers.items()}


def _guesses(ground: Ground) -> list[str]:
    """The first ballots of every world, field by field, signed by nobody."""
    found = []
    for said in itertools.chain(*(ballots[:2] for ballots in ground.ballots.values())):
        body = said.body | {"signature": "0x" + "11" * 65}
        found += [json.dumps(body), json.dumps(body | {"signer": ground.member.key.did_key})]
    return found


def _socket_paths(ground: Ground) -> list[str]:
    return [f"/ws/rounds/{pk}/{q}" for pk in ground.examples["round_id"] for q in ("", "?since=0")]


async def _sockets(paths: Collection[str], work: Callable[[], None] | None = None) -> Answers:
    """What sockets say: all there is, and what comes while something is done."""
    from project.asgi import application

    # The thread in which consumers ask the database keeps its connection: channels' communicators
    # see to that. It would be one to the database of another world, or to one that is gone.
    await sync_to_async(connections.close_all)()
    opened = {}
    for path in paths:
        socket = WebsocketCommunicator(application, path, headers=[(b"origin", ORIGIN)])
        if (await socket.connect(timeout=10))[0]:
            opened[path] = socket
    if work is not None:
        await asyncio.to_thread(work)
    heard = await asyncio.gather(*(_all(socket) for socket in opened.values()))
    for socket in opened.values():
        await socket.disconnect(timeout=5)
    await asyncio.sleep(0)
    await sync_to_async(connections.close_all)()  # after what consumers still asked for
    hub._hubs.clear()
    told = {
        f"socket {path}": normal("\n".join(texts))
        for path, texts in zip(opened, heard, strict=True)
    }
    return told | {f"socket {path}": "refused" for path in paths if path not in opened}


async def _all(socket: WebsocketCommunicator) -> list[str]:
    texts = []
    while not await socket.receive_nothing(timeout=SILENCE_S):
        texts.append(await socket.receive_from())
    return texts


def build(name: str, ground: Ground, database: str) -> World:
    """Copy the ground and let people vote on it while sockets listen."""
    casting: Answers = {}

    def work() -> None:
        try:
            live(ground, name)
        finally:
            connections.close_all()

    databases.put_back({})
    databases.copy(BASE, database)
    with databases.other_database(database), overheard(casting, "casting"):
        heard = asyncio.run(_sockets(_socket_paths(ground), work))
        root = BallotAnchor.objects.get().root
    casting |= {f"casting, {place}": text for place, text in heard.items()}
    return World(name, database, databases.keep_cache(), casting, root)


def differences(one: Answers, other: Answers) -> dict[str, str]:
    """Where two worlds can be told apart, and by what."""
    labels = sorted(one.keys() | other.keys())
    return {
        label: _first_difference(one.get(label, "absent"), other.get(label, "absent"))
        for label in labels
        if one.get(label) != other.get(label)
    }


def _first_difference(one: str, other: str) -> str:
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=0)
    return " | ".join(line[:300] for line in itertools.islice(lines, 2, 8))
