"""What can go wrong when the site itself acts on the chain; every message is for the operator."""

from __future__ import annotations

from chain.errors import ChainError


class OperatorError(ChainError):
    """The site's own keys, transactions or contracts: something is not as it should be."""


class KeyMissing(OperatorError):
    """This process was given no such key."""


class KeyUnusable(OperatorError):
    """What was given as a key cannot be read as one."""


class KeyRefused(OperatorError):
    """The key is one that everybody has."""


class PurposeTaken(OperatorError):
    """A transaction with this purpose says something else and may yet take effect."""


class TransactionFailed(OperatorError):
    """The chain refused a transaction; the message says why."""


class TransactionSlow(OperatorError):
    """A transaction was not included in time; it is followed all the same."""


class GasTooDear(OperatorError):
    """Gas costs more than MAX_FEE_GWEI."""


class NotDeployed(OperatorError):
    """The site has no contracts on this chain."""


class AlreadyDeployed(OperatorError):
    """The site has its contracts on this chain."""


class DeploymentRefused(OperatorError):
    """Contracts must not be deployed like this."""
