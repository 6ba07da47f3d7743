"""Runs the indexer. One is active, held by an advisory lock; others stand by."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import Error, close_old_connections, connection

from chain.errors import NodeRefused
from chain.indexer import selectors, store
from chain.indexer.errors import ChainMoved, Disagreement, ForkedProviders, Overtaken
from chain.indexer.indexer import Indexer
from chain.indexer.provider import Provider
from chain.indexer.selectors import Following
from curation.accounts.wallets import NodeUnreachable

log = structlog.get_logger(__name__)
LOCK_ID = 0x5A11  # any number but the scheduler's, the same for every indexer of one database
EMBEDDED_TICK_S, TICK_S = 0.4, 3.0
LONGEST_PAUSE_S = 30.0
STAND_BY_S = 2.0
REMIND_S = 60.0
PATIENCE = 2  # times a disagreement is met in a row before it is believed
PATIENCE_WITH_FORKS = 20  # near the head two honest nodes may differ for a while


def run(stop: threading.Event) -> None:
    """Work until told to stop; survives restarts of the database and the node."""
    while not stop.is_set():
        try:
            with psycopg.connect(**_parameters(), autocommit=True) as lock:
                if _is_active(lock, stop):
                    log.info("indexer is active")
                    Follower(stop).follow(lock)
        except (psycopg.Error, Error) as error:
            log.warning("indexer waits for the database", error=str(error).splitlines()[0])
            close_old_connections()
            stop.wait(1)


def _parameters() -> dict[str, Any]:
    wanted = ("dbname", "user", "password", "host", "port")
    return {k: v for k, v in connection.get_connection_params().items() if k in wanted}


def _is_active(lock: psycopg.Connection, stop: threading.Event) -> bool:
    """Wait for the lock; False when told to stop before it was ours."""
    standing_by = False
    while not stop.is_set():
        row = lock.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_ID]).fetchone()
        if row and row[0]:
            return True
        if not standing_by:
            log.info("indexer stands by")
            standing_by = True
        stop.wait(STAND_BY_S)
    return False


def make_indexer(following: Following) -> Indexer:
    """An indexer as the settings say."""

    def provider(url: str) -> Provider:
        return Provider(
            url,
            chain_id=settings.CHAIN_ID,
            private=settings.RPC_ALLOW_PRIVATE,
            finality_depth=settings.FINALITY_DEPTH,
        )

    return Indexer(
        settings.CHAIN_ID,
        following,
        provider=provider(settings.RPC_URL),
        second=provider(settings.RPC_CHECK_URL) if settings.RPC_CHECK_URL else None,
        receipts=settings.RPC_CHECK_RECEIPTS,
        embedded=settings.EMBEDDED_CHAIN,
    )


class Follower:
    """Steps on, waits when there is nothing to do or no way on, and halts on contradictions."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.tick_s = EMBEDDED_TICK_S if settings.EMBEDDED_CHAIN else TICK_S
        self.indexer: Indexer | None = None
        self.chain_checked = False
        self.failures = 0  # in a row
        self.doubts = 0  # disagreements in a row
        self.reminded_at = float("-inf")

    def follow(self, lock: psycopg.Connection) -> None:
        """Follow the chain as long as the lock is held.

        Raises:
            OperationalError: the lock's connection is lost, and the lock with it.
        """
        while not self.stop.is_set():
            lock.execute("SELECT 1")
            if pause_s := self.once():
                close_old_connections()
                self.stop.wait(pause_s)

    def once(self) -> float:
        """One step, whatever comes of it; seconds to wait before the next."""
        following = selectors.following(settings.CHAIN_ID)
        if following is None:
            return STAND_BY_S
        if self.indexer is None or self.indexer.following != following:
            self.indexer, self.chain_checked = make_indexer(following), False
        if self._is_halted():
            return STAND_BY_S
        try:
            if not self.chain_checked:
                self.indexer.check_chain()
                self.chain_checked = True
            more = self.indexer.step()
        except (NodeUnreachable, NodeRefused) as error:
            return self._unreachable(error)
        except Disagreement as error:
            return self._doubt(error)
        except (ChainMoved, Overtaken) as error:
            log.info("read again", why=str(error))
            return self.tick_s
        self.failures = self.doubts = 0
        return 0.0 if more else self.tick_s

    def _unreachable(self, error: Exception) -> float:
        if self.indexer is not None:
            self.indexer.size.shrink()  # it may have been asked for too much
        self.chain_checked = False
        self.failures += 1
        pause_s: float = min(LONGEST_PAUSE_S, self.tick_s * 2 ** min(self.failures, 10))
        log.warning("indexer waits for the node", error=str(error), pause_s=pause_s)
        return pause_s

    def _doubt(self, error: Disagreement) -> float:
        self.doubts += 1
        patience = PATIENCE_WITH_FORKS if isinstance(error, ForkedProviders) else PATIENCE
        if self.doubts < patience:
            log.warning("reading again what cannot be", why=str(error))
            return self.tick_s
        self.doubts = 0
        store.halt(settings.CHAIN_ID, str(error))
        return 0.0

    def _is_halted(self) -> bool:
        if not (why := selectors.why_halted(settings.CHAIN_ID)):
            return False
        if time.monotonic() - self.reminded_at >= REMIND_S:
            self.reminded_at = time.monotonic()
            log.error(
                "indexer is halted; look into it, then run_indexer --resume or --anew", why=why
            )
        return True
