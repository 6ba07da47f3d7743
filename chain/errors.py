"""The one base of every error chain's services raise."""


class ChainError(Exception):
    """Something asked of the chain failed; the message says what."""
