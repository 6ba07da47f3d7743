"""Work in parts: everything once, in order, with less at a time when memory is short."""

from __future__ import annotations

import pytest
import torch

from generation.learning.memory import in_parts


def test_parts_shrink_until_they_fit_and_nothing_is_done_twice():
    asked = []

    def work(start, end):
        asked.append(end - start)
        if end - start > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return list(range(start, end))

    parts = in_parts(10, 8, work)
    assert [item for part in parts for item in part] == list(range(10))
    assert asked == [8, 4, 2, 2, 2, 2, 2]


def test_no_items_are_no_parts():
    assert in_parts(0, 4, lambda start, end: 1 / 0) == []


def test_what_does_not_fit_at_all_or_is_another_error_comes_through():
    def no_room(start, end):
        raise MemoryError

    def broken(start, end):
        raise RuntimeError("shapes differ")

    with pytest.raises(MemoryError):
        in_parts(4, 4, no_room)
    with pytest.raises(RuntimeError, match="shapes"):
        in_parts(4, 4, broken)
