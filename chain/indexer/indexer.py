"""The one loop that follows the chain."""

from __future__ import annotations

import structlog

from chain.indexer import store
from chain.indexer.checks import Checks
from chain.indexer.decoding import Decoder
from chain.indexer.errors import ChainMoved, Disagreement, FinalityBroken, NodeBehind
from chain.indexer.models import Block, Progress
from chain.indexer.provider import Provider, TooMuch
from chain.indexer.reading import Reader
from chain.indexer.recovery import common_ancestor
from chain.indexer.selectors import Following
from chain.indexer.sizes import RangeSize
from chain.indexer.wire import Header

log = structlog.get_logger(__name__)


class Indexer:
    """Keeps the projections equal to what the chain's logs add up to.

    Each step
      1. asks for the head, and is done when it is the newest block stored;
      2. reads the next range: which blocks are final, then headers, then logs; and begins to
         read the one after it while this one is checked and written;
      3. goes back to the last common block if the first header is no child of the newest block
         stored, or the head is another block of its height: what lies above is taken back;
      4. checks the range against itself and, as set, a second node or the receipts (checks.py);
      5. commits blocks, logs, projections, progress and announcements in one transaction.

    A kill between any two of these leaves the database as it was before or after a step. A final
    block that changes ends it; on the embedded chain, which a kill robs of its last blocks, all
    is read again from the deployment.
    """

    def __init__(
        self,
        chain_id: int,
        following: Following,
        *,
        provider: Provider,
        second: Provider | None = None,
        receipts: bool = False,
        embedded: bool = False,
    ) -> None:
        """`second`, `receipts`: see Checks. `embedded`: the chain is our own anvil."""
        self.chain_id = chain_id
        self.following = following
        self.provider = provider
        self.second = second
        self.embedded = embedded
        self.decoder = Decoder(following.addresses)
        self.addresses = [address.lower() for address in following.addresses.values()]
        self.checks = Checks(provider, self.addresses, second=second, receipts=receipts)
        self.reader = Reader(provider, self.addresses)
        self.size = RangeSize()

    def check_chain(self) -> None:
        """Raises NodeUnreachable when a node is away or of another chain."""
        self.provider.node.check_chain()
        if self.second is not None:
            self.second.node.check_chain()

    def step(self) -> bool:
        """Do one step; whether there is more to do at once.

        Raises:
            NodeUnreachable: a node is away, behind or talks nonsense.
            ChainMoved: the chain changed while it was read.
            Disagreement: what was read cannot all be true.
            Overtaken: another indexer was quicker.
        """
        progress = store.begin(self.chain_id, self.following)
        head = self.provider.head()
        tip = Block.objects.filter(pk=progress.next_block - 1).first()
        if tip is not None and head.number <= tip.number:
            if head.hash == tip.hash:
                return False
            return self._look_back(progress, head)
        newest = head.number
        if self.second is not None:
            newest = min(newest, self.second.head().number)
        if newest < progress.next_block:
            return False
        last = min(newest, progress.next_block + self.size.blocks - 1)
        try:
            return self._take_in(progress, tip, last=last, newest=newest)
        except TooMuch:
            self.size.shrink()
            return True

    def _take_in(self, progress: Progress, tip: Block | None, *, last: int, newest: int) -> bool:
        first, parent = progress.next_block, "" if tip is None else tip.hash
        final, headers, logs = self.reader.read(first, last, parent=parent)
        if tip is not None and headers[0].parent != tip.hash:
            return self._go_back(progress, head=newest)
        self.size.note(blocks=len(headers), logs=len(logs))
        if last < newest:
            until = min(newest, last + self.size.blocks)
            self.reader.read_ahead(last + 1, until, parent=headers[-1].hash)
        try:
            self.checks.check(headers, logs, final=final)
            span = store.Span(headers, logs, newest, final)
            store.commit(self.chain_id, self.decoder, span)
        except Disagreement as error:
            if self.provider.hashes([last]).get(last) != headers[-1].hash:
                raise ChainMoved(f"Block {last} changed while it was read.") from error
            raise
        return last < newest

    def _look_back(self, progress: Progress, head: Header) -> bool:
        """The head is not above our newest block: the node is behind, or the chain is shorter."""
        known = Block.objects.filter(pk=head.number).first()
        is_same = known is not None and known.hash == head.hash
        if not self.embedded and (known is None or is_same):
            raise NodeBehind(f"The node's head is {head.number}, below {progress.next_block - 1}.")
        return self._go_back(progress, head=head.number)

    def _go_back(self, progress: Progress, *, head: int) -> bool:
        self.provider.node.check_chain()
        try:
            ancestor = common_ancestor(
                self.provider, progress, head=head, first=self.following.first
            )
        except FinalityBroken as error:
            if not self.embedded:
                raise
            log.warning("the embedded chain lost final blocks; reading it again", why=str(error))
            store.start_over(self.chain_id, self.following)
            return True
        log.info("chain went back", to=ancestor, depth=progress.next_block - 1 - ancestor)
        store.roll_back(self.chain_id, self.decoder, to=ancestor, expected=progress.next_block)
        return True
