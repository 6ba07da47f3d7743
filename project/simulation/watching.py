"""What a community sees of its designer: rounds, training, tests, promotions, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from project.simulation.community import Community
from project.simulation.members import SiteRefused

BAR = 24  # characters of a progress bar


class Watch:
    """Asks the site now and then, and tells what is new."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.promoted = ""
        self._first = ""  # the version that was live when it began
        self._said: dict[str, str] = {}

    def news(self) -> Iterator[str]:
        """Lines about what has changed since the last time."""
        member = self.community.members[0]
        try:
            rounds = member.ask(f"rounds?brief={self.community.slug}")["items"]
            model = member.ask("model")
        except (SiteRefused, requests.RequestException) as error:
            yield from self._fresh("site", f"cannot look: {error}")
            return
        for round_ in sorted(rounds, key=lambda row: row["number"]):
            yield from self._fresh(f"round {round_['id']}", self._round(round_))
        yield from self._fresh("run", _run(model["run"]))
        yield from self._fresh("test", _test(model["challenge"]))
        live = model["live"] or ""
        self._first = self._first or live
        if live != self._first:
            self.promoted = live
        yield from self._fresh("live", f"the designer draws with {live}" if live else "")

    def summary(self) -> str:
        """What the members did."""
        did = self.community.did
        refused = ", ".join(f"{times} × {code}" for code, times in did.refused.items())
        total = sum(did.ballots.values())
        return (
            f"{total} ballots in {len(did.ballots)} rounds, {did.stakes} stakes; "
            f"refused: {refused or 'none'}"
        )

    def _round(self, round_: dict[str, Any]) -> str:
        cast = self.community.did.ballots[round_["id"]] // 50 * 50
        hung = f"{round_['candidates_count']} of {round_['candidates_wanted']} pictures"
        if round_["status"] == "open":
            return f"round {round_['number']} is open: {hung}, over {cast} ballots"
        return f"round {round_['number']} is {round_['status']}"

    def _fresh(self, about: str, text: str) -> Iterator[str]:
        if text and self._said.get(about) != text:
            self._said[about] = text
            yield text


def _run(run: dict[str, Any] | None) -> str:
    if run is None:
        return ""
    filled = round(BAR * run["step"] / run["steps"])
    bar = "█" * filled + "·" * (BAR - filled)
    left = f", {run['remaining_s'] / 60:.1f} min left" if run["remaining_s"] else ""
    why = f": {run['reason']}" if run["reason"] else ""
    return f"training {bar} {run['step']}/{run['steps']}{left} ({run['phase']}{why})"


def _test(challenge: dict[str, Any] | None) -> str:
    if challenge is None:
        return ""
    votes = f"{challenge['wins']} : {challenge['losses']}, {challenge['ties']} ties"
    return f"blind test of {challenge['challenger']}: {challenge['status']} ({votes})"
