"""What validators refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from curation.errors import CurationError
from curation.validators.verdicts import Verdict, why


class CharterBroken(CurationError):
    """A text asks for what the house does not show."""

    status: ClassVar[int] = 422


class PictureBroken(CurationError):
    """Bytes that are no picture of a kind we take."""


class PictureRefused(CurationError):
    """A validator whose policy is to drop failed a picture; it does not hang."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        super().__init__(why(verdicts))
        self.verdicts = tuple(verdicts)
