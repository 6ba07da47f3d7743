"""The prompts a brief would get, composed before it is posted; kept ten minutes, in the cache."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from django.core.cache import cache
from django.db.models import Max

from curation.accounts.models import Member
from curation.briefs.models import Brief
from curation.errors import CurationError
from generation.agents import rules
from generation.agents.choices import Affinity, choices_for, ruled_out
from generation.agents.services import agent_of_turn
from generation.agents.signals import preview_asked
from generation.errors import GenerationError
from generation.versions.selectors import live_version
from generation.versions.services import EMBEDDED_VOCABULARY

PATIENCE_S = 60  # then nobody waits for it any more
KEPT_S = 600
PROMPTS = 8
USUAL_S = 6.0  # until one was timed
FIELDS = ("title", "purpose", "must", "must_not", "palette")  # what prompts are composed from
_TOOK = "preview-took-s"


class PreviewRunning(CurationError):
    """One preview at a time: the member's last is still being composed."""

    status: ClassVar[int] = 429


class PreviewGone(CurationError):
    """No preview of this member has this token, or it was kept long enough."""

    status: ClassVar[int] = 404


@dataclass(frozen=True)
class Preview:
    """A preview asked for: `waiting`, then `composing`, then `done` or `failed`; else `late`."""

    token: str
    member_id: int
    asked_at: float  # seconds since the epoch
    brief: Mapping[str, Any]
    state: str = "waiting"
    agent: str = ""
    manner: str = ""
    prompts: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)  # ruled out by name
    palettes: list[str] = field(default_factory=list)  # ruled out with a colour
    reason: str = ""

    @property
    def running(self) -> bool:
        return self.state in ("waiting", "composing")


@dataclass(frozen=True)
class Progress:
    """How long a preview has been running and is likely to run on, in seconds."""

    elapsed_s: int
    left_s: int  # 0: any moment
    share: float  # of the likely time, [0, 0.95]

    @classmethod
    def of(cls, preview: Preview) -> Progress:
        """Judged by how long the last one took."""
        elapsed_s = max(0.0, time.time() - preview.asked_at)
        usual_s = float(cache.get(_TOOK) or USUAL_S)
        return cls(
            elapsed_s=int(elapsed_s),
            left_s=max(0, round(usual_s - elapsed_s)),
            share=round(min(0.95, elapsed_s / usual_s), 2),
        )


def ask_for_preview(*, member: Member, wanted: Mapping[str, Any]) -> Preview:
    """Have a worker compose prompts for an unsaved brief's fields.

    Raises:
        PreviewRunning: the member's last preview is not done.
    """
    token = secrets.token_urlsafe(16)
    if not cache.add(_turnstile(member.pk), token, timeout=PATIENCE_S):
        raise PreviewRunning("One preview at a time: your last one is still being composed.")
    brief = {name: wanted[name] for name in FIELDS}
    preview = Preview(token=token, member_id=member.pk, asked_at=time.time(), brief=brief)
    cache.set(_key(token), preview, timeout=KEPT_S)
    preview_asked.send(Preview, token=token)
    return preview


def preview_of(*, token: str, member_id: int) -> Preview:
    """A member's preview as far as it is; `late` when no worker answered in time.

    Raises:
        PreviewGone: there is none.
    """
    preview: Preview | None = cache.get(_key(token))
    if preview is None or preview.member_id != member_id:
        raise PreviewGone("This preview is no longer kept. Ask for it again.")
    if preview.running and time.time() - preview.asked_at > PATIENCE_S:
        return replace(preview, state="late")
    return preview


def compose_preview(*, token: str, affinity: Affinity) -> None:
    """Compose what was asked for, unless nobody waits for it any more."""
    preview: Preview | None = cache.get(_key(token))
    if preview is None or not preview.running or time.time() - preview.asked_at > PATIENCE_S:
        return
    _keep(replace(preview, state="composing"))
    failed = replace(preview, state="failed", reason="Something broke on our side. Try again.")
    try:
        done = _composed(preview, affinity)
    except GenerationError as error:
        done = replace(failed, reason=str(error))
    except BaseException:
        _keep(failed)
        raise
    finally:
        turnstile = _turnstile(preview.member_id)
        if cache.get(turnstile) == token:  # not that of a later one
            cache.delete(turnstile)
    _keep(done)
    cache.set(_TOOK, time.time() - preview.asked_at, timeout=KEPT_S)


def _composed(preview: Preview, affinity: Affinity) -> Preview:
    """The preview, done.

    Raises:
        NothingToDraw: the brief rules out every motif or every palette.
        NoLiveVersion: there is no model to draw with.
        GenerationError: there is no active agent.
    """
    brief = Brief(**preview.brief)
    # It would be the next brief's first round, if nobody posts before.
    newest = Brief.objects.aggregate(newest=Max("pk"))["newest"] or 0
    agent = agent_of_turn(newest + 2)
    vocabulary = live_version().vocabulary or EMBEDDED_VOCABULARY
    choices = choices_for(brief, vocabulary, affinity)
    seed = random.Random("\n".join(map(str, preview.brief.values())))
    compositions = rules.compose(seed, choices, count=PROMPTS, boldness=agent.boldness)
    named, palettes = ruled_out(brief, vocabulary)
    return replace(
        preview,
        state="done",
        agent=agent.name,
        manner=agent.manner,
        prompts=[composition.prompt for composition in compositions],
        named=named,
        palettes=palettes,
    )


def _keep(preview: Preview) -> None:
    left_s = KEPT_S - (time.time() - preview.asked_at)
    cache.set(_key(preview.token), preview, timeout=max(1, round(left_s)))


def _key(token: str) -> str:
    return f"preview:{token}"


def _turnstile(member_id: int) -> str:
    return f"preview-of:{member_id}"
