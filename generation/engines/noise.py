"""One random stream per candidate, so that a seed means the same in any batch."""

from __future__ import annotations

import functools
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """A CPU generator per seed; diffusers draws on the CPU and moves the noise to the device."""
    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


@contextmanager
def seeded_steps(scheduler: Any, streams: list[torch.Generator]) -> Iterator[None]:
    """Let schedulers that draw noise at every step draw it from the candidates' streams.

    Many pipelines hand their generator to the scheduler, some (the flow-matching ones) do not,
    and the noise of a stochastic scheduler would come from the global stream.
    """
    original = scheduler.step
    if "generator" not in inspect.signature(original).parameters:
        yield
        return

    @functools.wraps(original)
    def step(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("generator") is None and len(args) < 4:
            kwargs["generator"] = streams
        return original(*args, **kwargs)

    scheduler.step = step
    try:
        yield
    finally:
        del scheduler.step
