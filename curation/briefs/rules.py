"""What a brief's text may be."""

from __future__ import annotations

import unicodedata

from curation.errors import CurationError

# Bidirectional controls can make a text read as something it is not (Trojan Source).
_BIDI = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], None
)
_KEPT_CONTROLS = "\n\t"


class TextRefused(CurationError):
    """A text is empty, too long or not text."""


def clean_text(value: str, *, name: str, longest: int, required: bool = True) -> str:
    """A member's text in NFC, without control and bidirectional override characters.

    Raises:
        TextRefused: nothing is left, or more than `longest` characters.
    """
    kept = "".join(
        c
        for c in value.translate(_BIDI)
        if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs")
    )
    text = unicodedata.normalize("NFC", kept).strip()
    # Zero-width characters alone would look like nothing at all.
    if required and all(unicodedata.category(c)[0] in "ZC" for c in text):
        raise TextRefused(f"{name} is empty.")
    if len(text) > longest:
        raise TextRefused(f"{name} has {len(text):,} characters; at most {longest:,} fit.")
    return text
