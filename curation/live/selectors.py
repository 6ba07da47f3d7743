"""Reading the event log."""

from __future__ import annotations

from curation.live.models import Event, Stream

# A client further behind than this fetches the page again; it is cheaper than a replay.
LONGEST_REPLAY = 200


def position(stream: str) -> int:
    """Number of the newest event, 0 before the first."""
    return Stream.objects.filter(name=stream).values_list("last", flat=True).first() or 0


def events_since(stream: str, since: int) -> list[Event] | None:
    """The events after `since`, oldest first; None when they are too many or trimmed away."""
    newest = position(stream)  # read first: what is appended meanwhile must not look like a gap
    events = list(
        Event.objects.filter(stream_id=stream, number__gt=since).order_by("number")[
            : LONGEST_REPLAY + 1
        ]
    )
    if not events:
        return [] if newest == since else None
    if events[0].number != since + 1 or len(events) > LONGEST_REPLAY:
        return None
    return events
