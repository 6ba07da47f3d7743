"""Small help with English words."""

from __future__ import annotations


def a(words: str) -> str:
    """Words after their indefinite article: an orange circle, a seal."""
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"
