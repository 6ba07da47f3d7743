"""What training runs refuse."""

from __future__ import annotations

from generation.errors import GenerationError


class RunLost(GenerationError):
    """Another worker claimed the run since, or it was ended."""


class DatasetUnfit(GenerationError):
    """Nothing can be learned from this dataset; the message says why."""


class RunNotDead(GenerationError):
    """The run was not given up, or cannot be taken up again now."""
