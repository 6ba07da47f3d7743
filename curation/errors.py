"""The one base of every error curation's services raise."""


class CurationError(Exception):
    """Something asked of curation is against its rules; the message says which."""
