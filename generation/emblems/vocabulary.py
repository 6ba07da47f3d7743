"""The words the embedded model was taught, each with what it stands for.

Pure data: the agent composes prompts from these names and the data generator draws from
them, so both always speak of the same things.
"""

from __future__ import annotations

from typing import Final

# sRGB, 0-255. Chosen to stay apart from each other when jittered by a few levels.
COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (206, 44, 44),
    "orange": (240, 128, 36),
    "yellow": (248, 206, 60),
    "gold": (206, 160, 66),
    "green": (44, 144, 76),
    "teal": (24, 146, 150),
    "blue": (46, 102, 216),
    "navy": (22, 38, 88),
    "purple": (118, 64, 172),
    "pink": (240, 130, 172),
    "brown": (120, 78, 48),
    "black": (24, 24, 28),
    "gray": (140, 146, 154),
    "white": (250, 250, 250),
    "cream": (248, 238, 214),
}

# A ground is what hangs behind the whole emblem; the calm ones come up more often.
GROUNDS: Final[dict[str, float]] = {
    "white": 0.28,
    "cream": 0.20,
    "black": 0.12,
    "navy": 0.12,
    "gray": 0.07,
    "pink": 0.07,
    "teal": 0.07,
    "yellow": 0.07,
}

FRAMES: Final[dict[str, float]] = {
    "none": 0.14,
    "circle": 0.22,
    "square": 0.16,
    "hexagon": 0.16,
    "shield": 0.18,
    "diamond": 0.14,
}

# Pattern name -> how a caption says it.
PATTERNS: Final[dict[str, str]] = {
    "plain": "",
    "stripes": "stripes",
    "sunburst": "sunburst rays",
    "halves": "two halves",
    "dots": "dots",
}

RING_COUNTS: Final[tuple[int, ...]] = (4, 5, 6, 8)

# Motif -> icon of the Phosphor set (MIT) that is its glyph, in its filled form unless said.
MOTIFS: Final[dict[str, str]] = {
    "star": "star",
    "heart": "heart",
    "moon": "moon",
    "sun": "sun",
    "leaf": "leaf",
    "flame": "flame",
    "lightning": "lightning",
    "crown": "crown",
    "anchor": "anchor",
    "tree": "tree",
    "pine": "tree-evergreen",
    "bird": "bird",
    "fish": "fish-simple",
    "cat": "cat",
    "rabbit": "rabbit",
    "horse": "horse",
    "butterfly": "butterfly",
    "bug": "bug",
    "paw": "paw-print",
    "rocket": "rocket",
    "flower": "flower",
    "clover": "clover",
    "cactus": "cactus",
    "drop": "drop",
    "snowflake": "snowflake",
    "waves": "waves-bold",
    "mountains": "mountains",
    "cloud": "cloud",
    "planet": "planet",
    "sailboat": "sailboat",
    "lighthouse": "lighthouse",
    "castle": "castle-turret",
    "house": "house",
    "tent": "tent",
    "key": "key",
    "bell": "bell",
    "compass": "compass",
    "feather": "feather",
    "eye": "eye",
    "hand": "hand",
    "skull": "skull",
    "ghost": "ghost",
    "robot": "robot",
    "umbrella": "umbrella",
    "trophy": "trophy",
    "sword": "sword",
    "music note": "music-note",
    "book": "book-open",
    "cup": "coffee",
    "lightbulb": "lightbulb",
}
