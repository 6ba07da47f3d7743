"""Every table of this app, gathered where Django looks for them."""

from chain.indexer.models import Block, Log, Progress
from chain.operator.models import Deployment, Transaction
from chain.tallies.models import Snapshot

__all__ = ["Block", "Deployment", "Log", "Progress", "Snapshot", "Transaction"]
