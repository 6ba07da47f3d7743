"""Doing the same thing from many threads at once, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

POOLED = 10  # the pool has twelve, and the test itself uses one


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Results of `work(0)` … `work(count - 1)`, begun together; an exception is a result too."""
    barrier = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(index: int) -> None:
        try:
            if count <= POOLED:
                connection.ensure_connection()  # connecting would set them apart again
            barrier.wait(timeout=20)
            results[index] = work(index)
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
