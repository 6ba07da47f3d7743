"""Finding where our blocks and the chain's part ways."""

from __future__ import annotations

from chain.indexer.errors import FinalityBroken, NodeBehind
from chain.indexer.models import Block, Progress
from chain.indexer.provider import Provider

AT_ONCE = 32


def common_ancestor(provider: Provider, progress: Progress, *, head: int, first: int) -> int:
    """The newest stored block that the chain still has; the one before `first` when none is.

    Raises:
        FinalityBroken: it lies below a block that was final.
        NodeBehind: the node cannot say.
    """
    below = progress.next_block
    while blocks := list(Block.objects.filter(number__lt=below).order_by("-number")[:AT_ONCE]):
        theirs = provider.hashes([block.number for block in blocks if block.number <= head])
        for block in blocks:
            found = theirs.get(block.number)
            if found == block.hash:
                return block.number
            if found is None and block.number <= head:
                raise NodeBehind(f"The node has no block {block.number}.")
            if block.number <= progress.final_block:
                raise FinalityBroken(
                    f"Block {block.number} was final as {block.hash}, and the node says "
                    f"{found or 'there is none'}."
                )
        below = blocks[-1].number
    return first - 1
