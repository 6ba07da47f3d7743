"""The embedded chain's contracts, which nobody has to deploy by hand."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from chain.operator import deploying
from chain.operator.following import follow
from chain.operator.heads import look
from chain.operator.plans import default_plan


def ensure_contracts() -> Iterator[str]:
    """Deploy what is missing on the embedded chain; on any other chain nothing.

    When the chain's folder was thrown away, what we knew of the old chain goes too. Yields a
    sentence for whatever was done.

    Raises:
        OperatorError, NodeRefused, NodeUnreachable: as `deploy`.
    """
    if not settings.EMBEDDED_CHAIN:
        return
    look()
    if deploying.is_gone():
        deploying.forget_chain()
        yield "The embedded chain is a new one: what was indexed of the old one was dropped."
    follow()  # what a kill of the chain has lost comes back first
    if not deploying.is_complete():
        for contract in deploying.deploy(default_plan()):
            yield f"{contract.name} is at {contract.address}."
