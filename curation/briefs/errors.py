"""What can be refused about briefs, and the HTTP status that says so."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.utils import timezone

from curation.errors import CurationError


class BriefInvalid(CurationError):
    """A brief asks for something that cannot be."""

    status: ClassVar[int] = 422


class TooManyBriefs(CurationError):
    """A member has as many briefs as one may have; `again_at` is empty when no clock decides."""

    status: ClassVar[int] = 429

    def __init__(self, message: str, again_at: datetime | None = None) -> None:
        super().__init__(message)
        self.again_at = again_at

    @property
    def retry_after_s(self) -> int | None:
        """Seconds until one may post again, when a clock decides."""
        if self.again_at is None:
            return None
        return max(1, round((self.again_at - timezone.now()).total_seconds()))


class NotYours(CurationError):
    """Somebody else posted this brief."""

    status: ClassVar[int] = 403


class BriefBusy(CurationError):
    """A round of this brief is open, and people work on it."""

    status: ClassVar[int] = 409
