"""Worlds that begin alike: copies of one database, and of what lies in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from tests.browser.house import other_database

Kept = dict[bytes, bytes]


def _admin() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def create(name: str) -> None:
    """Make a database with empty tables."""
    with _admin() as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    with other_database(name):
        call_command("migrate", verbosity=0, interactive=False)


def copy(source: str, name: str) -> None:
    """Make a database exactly like another, sequences included."""
    if connections["default"].settings_dict["NAME"] == source:
        connections["default"].close()
        connections["default"].close_pool()
    with _admin() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source]
        )
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')


def drop(name: str) -> None:
    """Remove a database whoever still holds it."""
    with _admin() as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def scratch_of(source: str, name: str) -> Iterator[None]:
    """Work on a copy that is thrown away."""
    copy(source, name)
    try:
        with other_database(name):
            yield
    finally:
        drop(name)


def _cache() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


def keep_cache() -> Kept:
    """Everything the cache holds: running pools among it."""
    with _cache() as client:
        return {key: client.dump(key) for key in client.scan_iter()}


def put_back(kept: Kept) -> None:
    """Make the cache hold this and nothing else."""
    with _cache() as client:
        client.flushdb()
        for key, value in kept.items():
            client.restore(key, 0, value)
