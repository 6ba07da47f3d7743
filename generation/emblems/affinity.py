"""How well phrases fit a text, by MiniLM's sentence vectors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache

from generation.emblems.text import TextEncoder

_one_at_a_time = threading.Lock()  # fast tokenizers refuse to be shared by threads


@lru_cache(maxsize=1)
def _encoder() -> TextEncoder:
    return TextEncoder()


@lru_cache(maxsize=2048)
def _vector(phrase: str) -> tuple[float, ...]:
    with _one_at_a_time:
        return tuple(_encoder().sentence_vectors([phrase])[0].tolist())


def affinity(text: str, phrases: Sequence[str]) -> list[float]:
    """Cosine similarity of each phrase with the text's best sentence, in [-1, 1].

    Longer texts are compared sentence by sentence: one mention is enough.
    """
    sentences = [part.strip() for part in text.replace("\n", ".").split(".") if part.strip()]
    vectors = [_vector(sentence[:200]) for sentence in sentences[:20]] or [_vector(text[:200])]
    return [
        max(sum(a * b for a, b in zip(vector, _vector(phrase), strict=True)) for vector in vectors)
        for phrase in phrases
    ]
