"""How many blocks are asked for at once."""

from __future__ import annotations

LARGEST = 2_000
FIRST = 16
ENOUGH_LOGS = 4_000  # in a range: half of what is taken in one answer


class RangeSize:
    """Halves when a node has had enough, and grows back slowly."""

    def __init__(self) -> None:
        self.blocks = FIRST

    def shrink(self) -> None:
        """The node would not give so much."""
        self.blocks = max(1, self.blocks // 2)

    def note(self, *, blocks: int, logs: int) -> None:
        """A range was read; the next may be larger if this one was full and light."""
        if blocks >= self.blocks and logs < ENOUGH_LOGS:
            more = self.blocks if logs < ENOUGH_LOGS // 4 else max(1, self.blocks // 4)
            self.blocks = min(LARGEST, self.blocks + more)
