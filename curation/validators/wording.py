"""Words as people disguise them: brought to one plain spelling and compared; pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

# Letters of other scripts that look like Latin ones, and what is typed in place of letters.
_ALIKE: Final = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕһԁ", "abekmhopctyxijshd", strict=True)),  # Cyrillic
        **dict(zip("αεικνορτυχ", "aeikvoptux", strict=True)),  # Greek
        **dict(zip("ıłøđ", "ilod", strict=True)),
    }
)
_TYPED: Final = str.maketrans("013457@$!|€", "oieastasile")
_JOINERS: Final = re.compile(r"(?<=\w)[-_.·•*'’]+(?=\w)")
_REPEATS: Final = re.compile(r"(.)\1+")
_LEAST_COLLAPSED: Final = 4  # letters; shorter words would match too much


def plain(text: str) -> str:
    """Lower case, without accents, invisible characters and look-alike letters."""
    spelled = unicodedata.normalize("NFKD", " ".join(text.split())).casefold()
    seen = (c for c in spelled if unicodedata.category(c) not in ("Mn", "Me", "Cf", "Cc"))
    return "".join(seen).translate(_ALIKE)


def words_of(text: str) -> list[str]:
    """The words of a text that is plain already; letters that stand alone are one word together."""
    words: list[str] = []
    alone = False
    for word in re.findall(r"[^\W\d_]+", text):
        if len(word) == 1 and alone:
            words[-1] += word
        else:
            words.append(word)
        alone = len(word) == 1
    return words


def readings(text: str) -> Iterator[list[str]]:
    """How a text can be read: as it stands, with letters for digits, and with gaps closed."""
    spelled = plain(text)
    for read in dict.fromkeys((spelled, spelled.translate(_TYPED))):
        yield words_of(read)
        yield words_of(_JOINERS.sub("", read))


def forms(word: str) -> set[str]:
    """A word and what it would be in the singular: leaves, leave, leaf; lilies, lily."""
    found = {word}
    for ending, singular in (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            found.add(word.removesuffix(ending) + singular)
    return found


def _collapsed(word: str) -> str:
    short = _REPEATS.sub(r"\1", word)
    return short if len(short) >= _LEAST_COLLAPSED else word


@lru_cache(maxsize=8192)
def faces(word: str) -> frozenset[str]:
    """What a word may stand for; two words are the same when they share a face."""
    return frozenset(forms(word) | forms(_collapsed(word)))


@lru_cache(maxsize=64)
def _indexed(text: str) -> list[tuple[list[str], dict[str, list[int]]]]:
    """Every reading of a text, with the places of each face: a charter asks for many words."""
    found = []
    for words in readings(text):
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            for face in faces(word):
                places[face].append(place)
        found.append((words, places))
    return found


def says(text: str, phrase: str) -> bool:
    """Whether a text has a word or a phrase, however it is disguised; whole words only."""
    wanted = words_of(plain(phrase))
    if not wanted:
        return False
    return any(
        _follows(words[place + 1 : place + len(wanted)], wanted[1:])
        for words, places in _indexed(text)
        for face in faces(wanted[0])
        for place in places.get(face, ())
    )


def _follows(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return len(words) == len(wanted) and all(
        faces(word) & faces(other) for word, other in zip(words, wanted, strict=True)
    )
