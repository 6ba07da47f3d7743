"""The parts of a portrait as SVG paths on a field of 120 by 120, and the colours they come in.

A face looks straight ahead: its axis is x = 60, its crown y = 31, its chin about y = 82.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Scheme(NamedTuple):
    """Colours that hang well together, `#rrggbb`."""

    ground: str
    motif: str  # what is painted on the ground
    coat: str
    accent: str


SCHEMES: Final[tuple[Scheme, ...]] = (
    Scheme("#e9c8b4", "#f2dccd", "#27405e", "#c8452f"),
    Scheme("#27465c", "#35607a", "#d9a441", "#e8e1d3"),
    Scheme("#d9b64e", "#e6ca78", "#4a2c4d", "#c4432e"),
    Scheme("#8fb3a3", "#a9c8b9", "#7a2f2b", "#f0d9a6"),
    Scheme("#b5462f", "#c75c42", "#22313f", "#f1d7a0"),
    Scheme("#5b3a57", "#72506d", "#d98c5f", "#f0e2c8"),
    Scheme("#cfd6cf", "#e0e5df", "#35594a", "#d96a3b"),
    Scheme("#e7dcc4", "#f1e9d8", "#8a2f3c", "#2f6f73"),
    Scheme("#3f6b5c", "#4f8170", "#efd9b4", "#b8402f"),
    Scheme("#9cb7cf", "#b6cbde", "#3a2f4f", "#e3a33d"),
    Scheme("#e3a08a", "#ecb9a7", "#2c5a55", "#f5e6c4"),
    Scheme("#1f2a3c", "#2d3b52", "#a13d3d", "#e0b65a"),
    Scheme("#b9a7c9", "#cbbdd8", "#31473a", "#e27d5f"),
    Scheme("#d78b3e", "#e2a35f", "#2a3a5c", "#f3e3c3"),
    Scheme("#a8b06a", "#bcc386", "#4d2f3f", "#f0c9a0"),
    Scheme("#d3c0a6", "#e0d2bd", "#1f5361", "#b34a35"),
    Scheme("#7d3b42", "#945056", "#c9b48a", "#23394d"),
    Scheme("#4d7d92", "#6394a8", "#f0d2c0", "#8f2f3f"),
    Scheme("#f0d3cf", "#f7e4e1", "#5a3d7a", "#d9913b"),
    Scheme("#33413a", "#45564d", "#c97b63", "#e9dcb8"),
)
SKINS: Final[tuple[str, ...]] = (
    "#f7dcc9", "#f1c9ac", "#e6b08a", "#d79a6f", "#c08257", "#a76b45",
    "#8d5637", "#74442c", "#5b3424", "#48291e", "#efcfb9", "#b57650",
)  # fmt: skip
PAINTED_SKINS: Final[tuple[str, ...]] = (
    "#a9c6a1", "#b7aedd", "#8db6d3", "#e59a86", "#e2c36b", "#7fb9b0", "#d6a5bd",
)  # fmt: skip
HAIRS: Final[tuple[str, ...]] = (
    "#1d191c", "#33221f", "#553424", "#83502f", "#b38143", "#d9b674", "#97391f",
)  # fmt: skip
GREYS: Final[tuple[str, ...]] = ("#8b898c", "#e9e4da")
PAINTED_HAIRS: Final[tuple[str, ...]] = (
    "#2d5a8a", "#76397c", "#d5566e", "#2a7868", "#e69a36", "#efb0c2", "#4f8fb5",
)  # fmt: skip
INK: Final = "#1b1719"
LINEN: Final = "#f7f1e6"

BODY: Final = "M8 120C9 104 22 97 44 91L60 97L76 91C98 97 111 104 112 120Z"
BODY_SHADE: Final = "M60 97L76 91C98 97 111 104 112 120H60Z"
NECK: Final = "M50 72H70V91C70 97 65 101 60 101C55 101 50 97 50 91Z"
NECK_SHADE: Final = "M50 76H70V83C66 88 56 88 50 82Z"

# Hair that hangs behind the head and over the shoulders.
HAIR_BACK: Final[dict[str, str]] = {
    "none": "",
    "bob": "M33 56C33 33 44 22 60 22C76 22 87 33 87 56V82Q87 86 83 86H37Q33 86 33 82Z",
    "long": "M33 56C33 33 44 22 60 22C76 22 87 33 87 56C87 76 92 92 97 108H23C28 92 33 76 33 56Z",
    "bun": "M60 4A13 13 0 1 1 60 30A13 13 0 1 1 60 4Z",
    "puffs": "M33 18A14 14 0 1 1 33 46A14 14 0 1 1 33 18ZM87 18A14 14 0 1 1 87 46A14 14 0 1 1 87"
    " 18Z",
    "cloud": "M60 12C69 8 79 12 83 20C93 22 98 32 95 41C101 50 97 62 88 65C84 72 76 74 70 71H50"
    "C44 74 36 72 32 65C23 62 19 50 25 41C22 32 27 22 37 20C41 12 51 8 60 12Z",
    "braid": "M78 40C90 44 95 54 92 64C98 70 97 78 92 82C97 88 95 97 88 102C84 97 82 92 84 86"
    "C79 82 78 75 81 70C76 60 74 50 78 40Z",
}
# Hair over the forehead.
HAIR_FRONT: Final[dict[str, str]] = {
    "bald": "",
    "crop": "M37 56C34 36 44 25 60 25C76 25 86 36 83 56C81 53 80 50 79 46L74 39Q60 35 46 39L41 46"
    "C40 50 39 53 37 56Z",
    "parting": "M37 57C33 36 43 23 62 23C78 23 87 36 83 57C82 49 79 42 73 38C62 44 48 45 41 44"
    "C39 48 38 52 37 57Z",
    "fringe": "M36 60C33 36 43 23 60 23C77 23 87 36 84 60L80 46"
    "Q76 52 71 47Q66 52 60 47Q54 52 49 47Q44 52 40 46Z",
    "peak": "M37 57C34 35 44 24 60 24C76 24 86 35 83 57C82 46 73 38 60 45C47 38 38 46 37 57Z",
    "quiff": "M37 54C33 42 37 33 43 29C46 17 62 12 72 17C83 17 88 28 84 36C85 43 84 49 83 54"
    "C81 46 77 41 71 39C60 41 50 40 44 39C40 43 38 48 37 54Z",
    "curtain": "M36 64C32 37 43 23 60 23C77 23 88 37 84 64C81 54 73 44 60 33C47 44 39 54 36 64Z",
    "curls": "M37 57C31 53 32 45 36 42C33 34 39 27 46 28C49 20 59 18 64 23C71 19 80 23 80 30"
    "C87 32 89 40 85 45C88 50 87 55 83 57C82 50 79 46 75 45C71 49 65 48 62 44C58 49 51 49 48 45"
    "C43 46 39 50 37 57Z",
    "wisps": "M37 58C33 54 33 46 37 41C38 46 39 48 41 50C39 52 38 55 37 58ZM83 58C87 54 87 46 83 41"
    "C82 46 81 48 79 50C81 52 82 55 83 58Z",
}
# (path in the hat's colour, path in the colour of its band)
HATS: Final[dict[str, tuple[str, str]]] = {
    "top hat": (
        "M43 5C52 3 68 3 77 5L75 33H92Q95 37 89 39H31Q25 37 28 33H45Z",
        "M44.4 24H75.6L75 33H45Z",
    ),
    "bowler": (
        (
            "M40 36C38 18 48 11 60 11C72 11 82 18 80 36C88 35 93 33 96 30C97 38 86 42 60 42"
            "C34 42 23 38 24 30C27 33 32 35 40 36Z"
        ),
        "M40 29C52 32 68 32 80 29L80 36C68 39 52 39 40 36Z",
    ),
    "beret": (
        "M36 42C24 40 24 25 40 19C58 11 84 12 94 26C99 35 90 41 82 40C68 36 52 37 36 42Z",
        "M35 45C50 38 70 37 84 43L83 38C68 34 52 35 36 40ZM60 16L62 8H66L66 16Z",
    ),
    "wide brim": (
        (
            "M42 34C42 20 48 14 60 14C72 14 78 20 78 34C92 35 103 38 108 42C92 47 28 47 12 42"
            "C17 38 28 35 42 34Z"
        ),
        "M42 27C54 30 66 30 78 27V35C66 38 54 38 42 35Z",
    ),
    "turban": (
        "M34 46C27 24 42 9 60 9C78 9 93 24 86 46C78 38 70 37 60 43C50 37 42 38 34 46Z",
        (
            "M60 43C66 28 74 19 86 20C92 30 91 40 86 46C78 38 70 37 60 43ZM60 13A4 4 0 1 1 60 21"
            "A4 4 0 1 1 60 13Z"
        ),
    ),
    "fez": ("M46 13H74L79 38H41Z", "M59 13L60 9L82 14V33H79V17Z"),
    "cloche": (
        (
            "M35 48C31 24 43 12 60 12C77 12 89 24 85 48C89 49 91 51 92 54C74 46 46 46 28 54"
            "C29 51 31 49 35 48Z"
        ),
        "M34.5 38C50 33 70 33 85.5 38L85 46C70 41 50 41 35 46Z",
    ),
}
# A scarf over the hair: behind the head, and framing the face.
SCARF_BACK: Final = (
    "M30 58C28 30 42 17 60 17C78 17 92 30 90 58C90 78 92 92 96 106H24C28 92 30 78 30 58Z"
)
SCARF_FRONT: Final = (
    "M34 62C30 34 43 20 60 20C77 20 90 34 86 62C86 78 76 92 60 92C44 92 34 78 34 62ZM60 33"
    "C47 33 40 42 40 56C40 72 49 82 60 82C71 82 80 72 80 56C80 42 73 33 60 33Z"
)
BEARDS: Final[dict[str, str]] = {
    "full": "M38 58C40 66 46 67 51 67C56 64 64 64 69 67C74 67 80 66 82 58C84 78 74 92 60 92"
    "C46 92 36 78 38 58Z",
    "goatee": "M53 79C57 77 63 77 67 79C67 87 64 92 60 94C56 92 53 87 53 79Z",
    "chinstrap": "M38 58C41 72 50 79 60 79C70 79 79 72 82 58C84 76 74 88 60 88C46 88 36 76 38 58Z",
}
MOUSTACHES: Final[dict[str, str]] = {
    "handlebar": "M60 66C55 63 49 68 44 63C43 70 53 74 60 69C67 74 77 70 76 63C71 68 65 63 60 66Z",
    "brush": "M51 70C52 65 57 65 60 66C63 65 68 65 69 70C64 71 56 71 51 70Z",
    "pencil": "M50 70C54 66 58 66 60 68C62 66 66 66 70 70C66 68.5 63 69 60 70C57 69 54 68.5 50 70Z",
}
MOUTHS: Final[tuple[str, ...]] = (
    "M53 73Q60 78 67 73",
    "M54 73.5Q61 75.5 66 72.5",
    "M53 73Q62 79 68 70.5",
    "M51 71.5Q60 83 69 71.5Z",
    "M55.5 73.5Q60 76.5 64.5 73.5",
    "M55 74H65",
)
NOSES: Final[tuple[str, ...]] = (
    "M60 53L57 65H62",
    "M61 52V64Q61 66 57 65",
    "M60 54L64 65H58",
    "M57 65Q60 68 63 65",
)
BROWS: Final[tuple[str, ...]] = (
    "M46 49Q51 46 55 48.5M65 48.5Q69 46 74 49",
    "M46 48H55M65 48H74",
    "M46 50.5Q50 45 55 46M65 46Q70 45 74 50.5",
    "M46 49Q51 45 55 47.5M65 45.5Q70 41.5 74 46.5",
)
