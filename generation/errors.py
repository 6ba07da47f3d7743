"""The one base of every error generation's services raise."""


class GenerationError(Exception):
    """Something asked of generation is against its rules; the message says which."""


def storable(text: str) -> str:
    """An error's text as PostgreSQL can keep it: UTF-8 without NUL, not too long."""
    return text[:2000].replace("\0", "").encode(errors="replace").decode()
