"""Briefs, rounds and pictures for the pages to show, made by the real services."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import secrets
from collections.abc import Sequence

from PIL import Image, ImageDraw

from curation.briefs.models import Brief
from curation.briefs.services import complete_brief, post_brief
from curation.galleries import files
from curation.galleries.models import Candidate, Round
from curation.galleries.services import Provenance, close_round, open_round, publish_candidate
from curation.live import bus

# Facts that no page may tell while the round is open.
MODEL_VERSION, BASE_HASH, ADAPTER_HASH = "unsealed-version-7", "ba5e" * 16, "ada9" * 16
FIRST_SEED = 770_077_000
_number = itertools.count(1)


def picture(number: int, side_px: int = 256) -> Image.Image:
    """A picture unlike every other: a disc and a bar on a ground, coloured by the number."""
    shade = hashlib.sha256(str(number).encode()).digest()
    image = Image.new("RGB", (side_px, side_px), tuple(shade[:3]))
    draw = ImageDraw.Draw(image)
    at = side_px * (20 + shade[3] % 40) // 100
    draw.ellipse((at, at, at + side_px // 3, at + side_px // 3), fill=tuple(shade[4:7]))
    draw.rectangle((0, at, side_px // 5, side_px), fill=tuple(shade[7:10]))
    return image


class Gallery:
    """What one test hangs; its rounds are closed when the test is over."""

    def __init__(self) -> None:
        self.briefs: list[Brief] = []

    def brief(self, title: str = "An emblem for the test house", **facts: object) -> Brief:
        purpose = "It goes above the door, so it must be read from across the street."
        self.briefs.append(post_brief(title=title, **{"purpose": purpose, **facts}))
        return self.briefs[-1]

    def round(self, brief: Brief | None = None, **facts: object) -> Round:
        return open_round(brief=brief or self.brief(**facts))

    def publish(
        self, round_: Round, prompt: str = "", easel: str = "", image: Image.Image | None = None
    ) -> Candidate:
        """Hang one new picture."""
        number = next(_number)
        stored = files.store_picture(image or picture(number))
        return publish_candidate(
            round_id=round_.pk,
            digest=stored.digest,
            size_bytes=stored.size_bytes,
            provenance=self._facts(number, prompt=prompt, easel=easel),
        )

    def _facts(self, number: int, prompt: str = "", easel: str = "") -> Provenance:
        return Provenance(
            agent="Iris",
            prompt=prompt or f"an anchor in a ring, number {number}",
            negative_prompt="",
            primitives=[],
            seed=FIRST_SEED + number,
            scheduler="FlowMatchEulerDiscreteScheduler",
            steps=12,
            guidance=3.0,
            width=256,
            height=256,
            model_version=MODEL_VERSION,
            base_hash=BASE_HASH,
            adapter_hash=ADAPTER_HASH,
            job_key=secrets.token_hex(32),
            easel=easel or secrets.token_hex(8),
            worker="a-test",
            libraries={"diffusers": "0.99.9"},
        )

    def fill(self, round_: Round, count: int) -> list[Candidate]:
        return [self.publish(round_) for _ in range(count)]

    def fill_long_ago(self, round_: Round, count: int) -> list[Candidate]:
        """Hang many, small ones, at once and without their events, which were trimmed since."""
        rows = []
        for number in itertools.islice(_number, count):
            stored = files.store_picture(picture(number, side_px=48))
            facts = vars(self._facts(number))
            rows.append(Candidate(round=round_, **vars(stored), **facts))
        Round.objects.filter(pk=round_.pk).update(candidates_count=count)
        return Candidate.objects.bulk_create(rows)

    def preview(self, round_: Round, easel: str, step: int, steps: int = 12) -> None:
        """What a worker sends while it draws; the first step has no picture yet."""
        facts = {"easel": easel, "prompt": "an owl on books", "step": step, "steps": steps}
        if step:
            buffer = io.BytesIO()
            picture(step, side_px=64).save(buffer, "WEBP")
            facts["image"] = base64.b64encode(buffer.getvalue()).decode()
        bus.send(round_.stream, {"type": "preview", **facts})

    def close(self) -> None:
        """Close every round of this test, so that the next one's front page is its own."""
        for brief in self.briefs:
            for round_ in brief.rounds.filter(status=Round.Status.OPEN):
                close_round(round_=round_)
        while self.briefs:
            complete_brief(brief=self.briefs.pop())


def shown_ids(candidates: Sequence[Candidate]) -> list[str]:
    """The ids that cards of these candidates have on a page, newest first."""
    newest = sorted(candidates, key=lambda candidate: -candidate.pk)
    return [f"candidate-{candidate.digest[:16]}" for candidate in newest]
