"""What the pages say of a training run, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generation.training.models import TrainingRun
from generation.training.selectors import UNDER_WAY

Status = TrainingRun.Status
TITLES = {
    Status.QUEUED: "Waiting to learn",
    Status.RUNNING: "Learning from your votes",
    Status.FINISHED: "Learned",
    Status.STOPPED: "Stopped by a guard",
    Status.DEAD: "Given up",
}
NEXT = {
    Status.QUEUED: "It goes on as soon as a training worker is free.",
    Status.RUNNING: "When it is done the adapter is examined, and then meets the version that "
    "draws now in a blind test.",
    Status.STOPPED: "Nothing changes: the version that draws goes on drawing. The next round’s "
    "dataset starts afresh and replays some of these votes.",
    Status.DEAD: "Nothing changes: the version that draws goes on drawing, and the next round’s "
    "dataset replays some of these votes.",
}
RECIPE = {
    "steps": "Steps",
    "batch": "Pairs a step",
    "rank": "Rank of the adapter",
    "rate": "Learning rate",
    "warmup": "Steps until the full rate",
    "cooldown": "Share of steps in which it falls",
    "weight_decay": "Weight decay",
    "average": "Moving average keeps",
    "beta": "β",
    "spread": "Spread of z that β is set by",
    "calibration_steps": "Steps of calibration",
    "anchor": "Weight of the base in the reference",
    "safeguard": "Safeguard of chosen pictures",
    "leeway": "Band for chosen errors",
    "bank": "Draws of noise a row",
    "coarse": "Noise level from which rejected pictures are pushed away",
    "fine": "Share of draws below it",
    "most_drift": "Drift that stops it",
    "spike": "Times the usual loss that stops it",
    "seed": "Seed",
}
EXCLUDED = {
    "across_prompts": "compare two prompts, which says nothing of how to draw either",
    "taken_down": "are on a picture taken down since",
    "another_size": "are on a picture of another size than most",
    "test": "tested the voter",
    "superseded": "were replaced by a later one",
    "withdrawn": "were withdrawn by the voter",
    "staked": "are on a picture the voter has a stake on",
    "no_reputation": "are by voters without a reputation yet",
    "moderated": "are on a picture that was hidden or disqualified",
    "unserved": "are on a pair the site had not shown to the voter",
    "counted": "weigh nothing",
    "capped": "weigh nothing after the caps",
}
GUARDS = {
    "variance": ("Variety", "at least"),
    "chosen_error": ("Error on chosen pictures", "at most"),
    "drift": ("Drift on validation pictures", "at most"),
}


@dataclass(frozen=True, slots=True)
class GuardLine:
    """A guard as a row of a table."""

    title: str
    value: float | None
    bound: str  # "at least" or "at most"
    limit: float
    passed: bool
    says: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run as its page shows it."""

    run: TrainingRun

    @property
    def title(self) -> str:
        """Its status in words; a finished one that a guard refused says so."""
        if self.run.status == Status.FINISHED and self.run.reason:
            return "Learned, and refused by a guard"
        return TITLES[Status(self.run.status)]

    @property
    def next(self) -> str:
        """What happens next."""
        run = self.run
        if run.status != Status.FINISHED:
            return NEXT[Status(run.status)]
        if run.reason:
            return "It is never tested: the version that draws goes on drawing."
        return "It meets the version it was trained against in a blind test."

    @property
    def is_under_way(self) -> bool:
        """Whether the page refreshes itself."""
        return self.run.status in UNDER_WAY

    @property
    def remaining(self) -> str:
        """Remaining time in words; empty when nobody knows."""
        return spoken(self.run.remaining_s)

    @property
    def recipe(self) -> list[tuple[str, Any]]:
        """Every choice that was made, as a row of a table."""
        chosen = recipe_of(self.run)
        known = [name for name in RECIPE if name in chosen]
        return [(RECIPE[name], _said(chosen[name])) for name in known]

    @property
    def guards(self) -> list[GuardLine]:
        """What was asked of the adapter."""
        return guards_of(self.run)


def recipe_of(run: TrainingRun) -> dict[str, Any]:
    """Every choice that was made: β as it was calibrated, the rank as it came to be."""
    found = {name: run.figures.get(name) for name in ("beta", "rank")}
    chosen = run.settings | {name: value for name, value in found.items() if value}
    return {name: value for name, value in chosen.items() if value is not None}


def guards_of(run: TrainingRun | None) -> list[GuardLine]:
    """The guards of a run as rows; none while it is not examined."""
    found = run.figures.get("guards", []) if run else []
    return [
        GuardLine(
            title=GUARDS.get(guard["name"], (guard["name"], ""))[0],
            value=guard["value"],
            bound=GUARDS.get(guard["name"], ("", "against"))[1],
            limit=guard["limit"],
            passed=guard["passed"],
            says=guard["says"],
        )
        for guard in found
    ]


def left_out(excluded: dict[str, int]) -> list[tuple[int, str]]:
    """Ballots that do not train, by reason, the most first."""
    ordered = sorted(excluded.items(), key=lambda item: -item[1])
    return [(count, EXCLUDED.get(reason, reason)) for reason, count in ordered]


def spoken(seconds: float | None) -> str:
    """A duration for people: `about 4 minutes`."""
    if seconds is None:
        return ""
    if seconds < 50:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    return f"about {round(minutes / 60)} hours"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
