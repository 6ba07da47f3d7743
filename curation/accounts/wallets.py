"""Contract wallets: whoever runs a node for us says whether one signed.

Curation knows no chain; the setting `CONTRACT_WALLETS` names a function that does.
"""

from __future__ import annotations

from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from curation.errors import CurationError


class NodeUnreachable(CurationError):
    """The chain's node gave no usable answer; trying again may help."""

    status = 503


class ContractWallets(Protocol):
    """Asks a node whether a contract wallet signed a digest."""

    def __call__(self, *, address: str, digest: bytes, signature: bytes) -> str:
        """`erc1271`, `erc6492`, or nothing when the wallet says no.

        Raises:
            NodeUnreachable: there is no telling now.
        """


def contract_wallets() -> ContractWallets:
    """The function that `CONTRACT_WALLETS` names."""
    found: ContractWallets = import_string(settings.CONTRACT_WALLETS)
    return found
