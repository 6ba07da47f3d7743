from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from chain.indexer.indexer import Indexer
from chain.indexer.provider import Provider
from chain.indexer.running import Follower
from chain.indexer.selectors import Following
from chain.operator.models import Deployment
from project.stack.preflight import free_port
from tests.chain.indexer.scripted import CHAIN_ID, CURATION, TOKEN, ScriptedChain, serve
from tests.chain.indexer.town import Town

FOLLOWING = Following({"Curation": CURATION, "SalonToken": TOKEN}, first=1)


@pytest.fixture
def scripted() -> Iterator[ScriptedChain]:
    """A chain that says what a test tells it to."""
    chain = ScriptedChain()
    with serve(chain.answer, lambda: chain.meddle) as url:
        chain.url = url
        yield chain


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A chain of this module's own with the real contracts."""
    made = Town(free_port())
    made.start()
    try:
        made.found()
        yield made
    finally:
        made.stop()


@pytest.fixture
def deployed(settings, db) -> Callable[..., None]:
    """Makes the site follow contracts on the chain behind a URL."""

    def make(url: str, following: Following = FOLLOWING) -> None:
        settings.RPC_URL, settings.CHAIN_ID = url, CHAIN_ID
        settings.RPC_ALLOW_PRIVATE, settings.EMBEDDED_CHAIN = True, False
        settings.RPC_CHECK_URL, settings.RPC_CHECK_RECEIPTS = "", False
        settings.FINALITY_DEPTH = 100
        Deployment.objects.all().delete()
        for name, address in following.addresses.items():
            place = {"block_number": following.first, "tx_hash": "0" * 64}
            code = {"code_hash": "0" * 64, "compiler": "solc"}
            Deployment.objects.create(
                chain_id=CHAIN_ID, name=name, address=address, **place, **code
            )

    return make


@pytest.fixture
def provider() -> Callable[..., Provider]:
    def make(url: str, *, finality_depth: int = 100) -> Provider:
        return Provider(url, chain_id=CHAIN_ID, private=True, finality_depth=finality_depth)

    return make


@pytest.fixture
def indexer(scripted, provider, db) -> Callable[..., Indexer]:
    """Makes indexers of the scripted chain."""

    def make(*, finality_depth: int = 100, following: Following = FOLLOWING, **how) -> Indexer:
        asked = provider(scripted.url, finality_depth=finality_depth)
        return Indexer(CHAIN_ID, following, provider=asked, **how)

    return make


@pytest.fixture
def follower(db) -> Follower:
    """What the indexer's process runs, to be stepped by hand."""
    return Follower(threading.Event())
