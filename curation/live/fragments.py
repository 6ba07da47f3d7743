"""Events as HTML for out-of-band swaps; nothing personal, nothing that unseals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from curation.galleries.models import Candidate, Round
from curation.live import selectors
from curation.live.models import Event
from curation.stakes.selectors import add_stakes


def _round_id(stream: str) -> int:
    return int(stream.removeprefix("round-"))


@dataclass(frozen=True)
class Reading:
    """Events as (number, HTML); `takes_back`: what was rendered before may show what is gone."""

    fragments: list[tuple[int, str]]
    takes_back: bool


def since(stream: str, number: int) -> list[tuple[int, str]] | None:
    """Rendered events after `number` as (number, HTML); None when the page must be fetched anew."""
    reading = read(stream, number)
    return None if reading is None else reading.fragments


def read(stream: str, number: int) -> Reading | None:
    """What came after `number`; None when the page must be fetched anew."""
    events = selectors.events_since(stream, number)
    if events is None:
        return None
    wanted = [e.payload["candidate"] for e in events if "candidate" in e.payload]
    candidates = Candidate.objects.select_related("round").in_bulk(wanted)
    if any(event.kind == "stake_changed" for event in events):
        add_stakes(candidates.values())
    round_ = Round.objects.select_related("brief").get(pk=_round_id(stream))
    rendered = [(event.number, _render(event, round_, candidates)) for event in events]
    return Reading(rendered, any(event.kind == "candidate_hidden" for event in events))


def _render(event: Event, round_: Round, candidates: Mapping[int, Candidate]) -> str:
    candidate = candidates.get(event.payload.get("candidate", 0))
    shown = candidate is not None and candidate.status == Candidate.Status.PUBLISHED
    context = {
        "number": event.number,
        "round": round_,
        "candidate": candidate,
        "shown": shown,
        "oob": True,
    }
    return render_to_string(f"live/{event.kind}.html", context)


def preview(stream: str, message: Mapping[str, Any]) -> str:
    """A picture being drawn: its easel with the newest preview."""
    step, steps = int(message["step"]), max(1, int(message["steps"]))
    sharpness = min(5, 1 + 5 * step // steps)
    context = {**message, "round_id": _round_id(stream), "sharpness": sharpness, "oob": True}
    return render_to_string("live/easel.html", context)


def refetch(stream: str) -> str:
    """Tells the page that it missed too much and should be loaded again."""
    return render_to_string("live/refetch.html", {"round_id": _round_id(stream)})
