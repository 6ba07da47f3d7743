"""Keyset paging by descending id: a page costs the same however deep it lies."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from django.db.models import Model, QuerySet

from curation.errors import CurationError

M = TypeVar("M", bound=Model)


class CursorInvalid(CurationError):
    """A page cursor is not one of ours."""

    status: ClassVar[int] = 400


def page_of(rows: QuerySet[M], *, cursor: str, limit: int) -> tuple[list[M], str]:
    """A page of rows, and the cursor of the next one, empty at the end.

    Raises:
        CursorInvalid: the cursor is no positive number.
    """
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise CursorInvalid("This page cursor is not one of ours. Start from the top again.")
        rows = rows.filter(pk__lt=int(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    return found[:limit], str(found[limit - 1].pk) if more else ""
