"""The colours a brief can ask for by name: those that the agents' vocabulary knows."""

from __future__ import annotations

from typing import Final

# Name → `#rrggbb`. A test holds it equal to the vocabulary, which lies above this package.
COLOURS: Final[dict[str, str]] = {
    "red": "#ce2c2c",
    "orange": "#f08024",
    "yellow": "#f8ce3c",
    "gold": "#cea042",
    "green": "#2c904c",
    "teal": "#189296",
    "blue": "#2e66d8",
    "navy": "#162658",
    "purple": "#7640ac",
    "pink": "#f082ac",
    "brown": "#784e30",
    "black": "#18181c",
    "gray": "#8c929a",
    "white": "#fafafa",
    "cream": "#f8eed6",
}
