"""The one base of every error generation's services raise."""


class GenerationError(Exception):
    """Something asked of generation is against its rules; the message says which."""
