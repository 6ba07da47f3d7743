"""Doing work in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from generation.engines.loading import free_memory, is_out_of_memory

T = TypeVar("T")


def in_parts(count: int, most: int, work: Callable[[int, int], T]) -> list[T]:
    """Results of work on items from one number up to another, in order.

    Args:
        count: of items in all.
        most: at once; halved whenever memory runs out.

    Raises:
        torch.OutOfMemoryError: not even one at a time fits.
    """
    found: list[T] = []
    done = 0
    while done < count:
        part = min(most, count - done)
        try:
            found.append(work(done, done + part))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or part == 1:
                raise
            most = part // 2
            error.__traceback__ = None  # its frames hold the tensors that should be freed
            free_memory()
            continue
        done += part
    return found
