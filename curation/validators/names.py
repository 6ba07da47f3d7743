"""The names of all validators, for those who read settings and need none of their code."""

from __future__ import annotations

from typing import Final

VALIDATORS: Final = (
    *("plain-text", "forbidden-words", "forbidden-ideas", "ruled-out", "must-haves"),  # of prompts
    *("decodable", "size", "blank", "detail", "palette", "safety", "near-duplicate"),  # of pictures
)
POLICIES: Final = ("hold", "drop", "note", "off")
