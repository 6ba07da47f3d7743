"""Words as people disguise them: brought to one plain spelling and compared; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
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


def _same(word: str, other: str) -> bool:
    if forms(word) & forms(other):
        return True
    return bool(forms(_collapsed(word)) & forms(_collapsed(other)))


def says(text: str, phrase: str) -> bool:
    """Whether a text has a word or a phrase, however it is disguised; whole words only."""
    wanted = words_of(plain(phrase))
    return bool(wanted) and any(_has(read, wanted) for read in readings(text))


def _has(words: Sequence[str], wanted: Sequence[str]) -> bool:
    count = len(wanted)
    return any(
        all(map(_same, words[start : start + count], wanted))
        for start in range(len(words) - count + 1)
    )
