"""A community with a hidden taste that teaches the designer for some rounds, as fast as it goes.

`python -m benchmarks.taught warm` plays one taste on a stack of its own and writes one JSON line a
round: prompts, pictures, served pairs, signed ballots, tally, dataset, training, blind test and
promotion are the site's own services. Only the clock is not waited for, and no chain is asked: the
roots of ballots are taken as anchored. Members flip three votes of ten.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness import salon, say
from generation.learning.recipe import Recipe

CONTRACT = "0x" + "5a" * 20
FLIPPED = 0.3
FRESH_PROMPTS, FRESH_SEEDS = 64, 2
# The plain recipe: no safeguard, no anchor to the base, no moving average, hard labels, one row a
# ballot, all noise levels alike; β and rate are the best of those tried on another taste, see
# docs/benchmarks.md.
PLAIN = {
    "safeguard": False,
    "anchor": 0.0,
    "average": 0.0,
    "cooldown": 0.0,
    "coarse": 0.02,  # pairs are told apart at all levels alike
    "fine": 0.0,
    "most_drift": 1e6,
    "spike": 1e6,
}


@dataclass(frozen=True)
class Size:
    """How large a community and its rounds are."""

    members: int = 24
    pairs: int = 40  # that every member judges in a round
    candidates: int = 48
    steps: int = Recipe().steps  # of a training run, as the site's
    threads: int = 1
    poisoned: float = 0.0  # share of the members who look, and then always vote for the worse


@dataclass
class School:
    """The members, their designer, and what is known of both."""

    taste: str
    size: Size
    folder: Path
    eyes: dict[str, Any] = field(default_factory=dict)
    voters: list[Any] = field(default_factory=list)
    brief: Any = None
    scores: dict[str, float] = field(default_factory=dict)  # of pictures, by digest

    def gather(self) -> None:
        """Sign everybody up and post what they judge."""
        from django.conf import settings

        from chain.operator.models import Deployment
        from chain.operator.selectors import CURATION
        from curation.briefs.services import post_brief

        facts = {"block_number": 1, "tx_hash": "00" * 32, "code_hash": "00" * 32}
        Deployment.objects.update_or_create(
            chain_id=settings.CHAIN_ID,
            name=CURATION,
            defaults={"address": CONTRACT, "compiler": "", **facts},
        )
        poisoned = round(self.size.poisoned * self.size.members)
        self.voters = [
            Voter(self.taste, number, flipped=1.0 if number < poisoned else FLIPPED)
            for number in range(self.size.members)
        ]
        self.brief = post_brief(
            title="An emblem for a house of many hands",
            purpose="A made-up community teaches the designer what it likes.",
            rounds_planned=24,
            candidates_per_round=self.size.candidates,
            round_minutes=240,
        )

    def play(self) -> Any:
        """One round from its opening to its dataset; returns the round, counted."""
        from chain.tallies.gathering import gather_ballots
        from curation.galleries.services import close_round, open_round
        from curation.models import Candidate
        from curation.pairs import decoys
        from curation.pairs.pools import refresh_pool
        from curation.standings.facts import ChainFacts
        from curation.standings.services import publish_tally
        from generation.agents.services import propose_prompts
        from generation.challenges.services import count_twins
        from generation.emblems.affinity import affinity
        from generation.preferences.services import build_preference_dataset

        round_ = open_round(brief=self.brief)
        propose_prompts(round_id=round_.pk, affinity=affinity)
        drawn = draw_all(round_)
        say(f"{self.taste}: round {round_.number}, {drawn} pictures hang")
        decoys.make_decoys(round_id=round_.pk)
        for _ in range(self.size.pairs // 4):
            refresh_pool(round_id=round_.pk)
            for voter in self.voters:
                voter.judge(round_)
        close_round(round_=round_)
        anchor = gather_ballots(round_id=round_.pk)
        hung = set(Candidate.objects.filter(round=round_).values_list("digest", flat=True))
        roots = [anchor.root] if anchor else []
        facts = ChainFacts(chain_id=31337, contract=CONTRACT, anchored=hung, roots=roots)
        publish_tally(round_id=round_.pk, facts=facts)
        count_twins(round_id=round_.pk)
        build_preference_dataset(round_id=round_.pk)
        return round_

    def learn(self) -> Any:
        """Train what is due; the run, or None when nothing is."""
        from generation.training.services import queue_due_training
        from generation.training.slices import train_slice

        run = queue_due_training()
        if run is None:
            return None
        say(f"{self.taste}: training on {run.dataset.rows_count} rows")
        while train_slice(run_id=run.pk):
            pass
        run.refresh_from_db()
        return run

    def learn_plainly(self, round_: Any, **changes: Any) -> Path:
        """An adapter by the plain recipe from all votes so far; the file."""
        from generation.learning.jobs import Job, open_run, write_job
        from generation.learning.training import run_slice

        folder = self.folder / f"plain-{round_.number}-{time.monotonic_ns()}"
        recipe = Recipe(**(PLAIN | {"steps": self.size.steps, "bank": 64} | changes))
        rows = tuple(self.plain_rows(folder / "pictures"))
        say(f"{self.taste}: plain training on {len(rows)} votes")
        write_job(folder, Job(base=base(), rows=rows, recipe=recipe))
        run = open_run(folder, device="cpu")
        run_slice(run)
        return Path(run.prepared.adapter)

    def plain_rows(self, folder: Path) -> Iterator[Any]:
        """Every ballot that trains, as a hard label of weight 1."""
        from curation.models import Ballot, Candidate
        from generation.learning.rows import Row

        folder.mkdir(parents=True, exist_ok=True)
        prompts = dict(Candidate.objects.filter(trial=False).values_list("digest", "prompt"))
        for ballot in Ballot.objects.filter(why__in=("counted", "capped")).order_by("digest"):
            prompt = prompts.get(ballot.chosen)
            if prompt is None or prompts.get(ballot.rejected) != prompt:
                continue
            paths = [self.kept(digest, folder) for digest in (ballot.chosen, ballot.rejected)]
            yield Row(ballot.digest, prompt, paths[0], paths[1], 1.0, 1.0)

    @staticmethod
    def kept(digest: str, folder: Path) -> Path:
        """A picture from storage as a file."""
        path = folder / f"{digest}.png"
        if not path.exists():
            path.write_bytes(stored(digest))
        return path

    def noticed(self, adapter: Path | None) -> list[float]:
        """The taste's scores of fresh pictures, the same prompts and seeds every time."""
        from generation.engines.protocol import Adapter, ModelSource, Request
        from generation.jobs.drawing import engine
        from project.simulation.tastes import TASTES

        ready = engine()
        name = hashlib.sha256(str(adapter).encode()).hexdigest()[:8]
        ready.load(ModelSource(base(), (Adapter(name, adapter),) if adapter else ()))
        wanted = [
            Request(prompt=prompt, negative_prompt="", seed=seed, steps=20, guidance=3.0,
                    width=256, height=256)
            for prompt, seed in fresh(self.brief)
        ]  # fmt: skip
        return [TASTES[self.taste](picture.image) for picture in ready.generate(wanted)]


class Voter:
    """A member with a wallet who judges what they are served."""

    def __init__(self, taste: str, number: int, *, flipped: float) -> None:
        from eth_account import Account

        from curation.models import Member
        from project.simulation.community import Eye

        self.account = Account.create(f"{taste} {number}")
        self.member = Member.objects.create_user(self.account.address)
        self.eye = Eye(taste, flipped, random.Random(f"{taste} {number}"))
        self.nonce = 0

    def judge(self, round_: Any) -> None:
        """Vote on the next four pairs."""
        from curation.ballots.services import cast_ballot
        from curation.ballots.typed import BallotFields, SignedBallot, ballot_digest, site_domain
        from curation.pairs.services import serve_pairs

        for pair in serve_pairs(member=self.member, round_=round_, count=4).pairs:
            sides = [pair.left.digest, pair.right.digest]
            if not self.eye.prefers_left(*(picture_of(digest) for digest in sides)):
                sides.reverse()
            self.nonce += 1
            fields = BallotFields(
                voter=self.account.address,
                round=round_.pk,
                chosen=sides[0],
                rejected=sides[1],
                outcome=0,
                nonce=self.nonce,
                issued_at=int(time.time()),
            )
            digest = ballot_digest(fields, site_domain())
            signature = bytes(self.account.unsafe_sign_hash(digest).signature).hex()
            cast_ballot(
                ballot=SignedBallot(fields=fields, signer="wallet", signature=signature),
                client="203.0.113.9",
            )


_pictures: dict[str, Any] = {}


def picture_of(digest: str) -> Any:
    """A picture, in small memory: eyes look at 64 pixels a side."""
    from PIL import Image

    if digest not in _pictures:
        _pictures[digest] = Image.open(io.BytesIO(stored(digest))).convert("RGB")
    return _pictures[digest]


def stored(digest: str) -> bytes:
    """A picture's bytes in storage."""
    from django.core.files.storage import default_storage

    from curation.galleries.files import picture_name

    with default_storage.open(picture_name(digest)) as file:
        return file.read()


def base() -> str:
    """The model that is taught."""
    from generation.models import ModelVersion

    return ModelVersion.objects.filter(adapter_hash="").values_list("base", flat=True)[0]


def draw_all(round_: Any) -> int:
    """Draw a round's pictures without waiting until they are due; how many hang."""
    from django.utils import timezone

    from generation.jobs import drawing
    from generation.models import GenerationJob

    jobs = GenerationJob.objects.filter(round=round_)
    jobs.update(due_at=timezone.now())
    for job_id in jobs.order_by("pk").values_list("pk", flat=True):
        drawing.draw(job_id=job_id)
    return jobs.filter(status="done").count()


def fresh(brief: Any) -> list[tuple[str, int]]:
    """Prompts and seeds of no round, composed for the brief without beliefs."""
    from generation.agents.choices import choices_for
    from generation.agents.rules import compose
    from generation.emblems.affinity import affinity

    choices = choices_for(brief, "emblems", affinity)
    made = compose(random.Random("fresh"), choices, count=FRESH_PROMPTS, boldness=2.0)
    return [
        (composition.prompt, 7_000_000 + 10 * place + seed)
        for place, composition in enumerate(made)
        for seed in range(FRESH_SEEDS)
    ]


def compared(scores: Sequence[float], others: Sequence[float], taste: str) -> dict[str, float]:
    """Win rate with its interval, prompts counted once, and the change of the mean score."""
    import torch

    from generation.learning.evaluation import score_change
    from generation.learning.shares import clustered_win_rate
    from project.simulation.community import ALIKE
    from project.simulation.tastes import SCALES

    won: dict[str, list[float]] = {}
    for place, (one, other) in enumerate(zip(scores, others, strict=True)):
        apart = (one - other) / SCALES[taste]
        vote = 0.5 if abs(apart) < ALIKE else float(apart > 0)
        won.setdefault(str(place // FRESH_SEEDS), []).append(vote)
    rate = clustered_win_rate(won)
    change = score_change(torch.tensor(scores), torch.tensor(others))
    return {
        "rate": rate.value,
        "low": rate.low,
        "high": rate.high,
        "change": change.value,
        "change_low": change.low,
        "change_high": change.high,
    }


def last_test() -> dict[str, Any]:
    """How the newest blind test stands."""
    from generation.models import Challenge

    if (test := Challenge.objects.order_by("-pk").first()) is None:
        return {}
    state = test.state
    return {
        "of": test.challenger.slug,
        "status": f"{test.status} {test.reason}".strip(),
        "votes": [test.wins, test.losses, test.ties],
        "voters": [test.voters_count, state.get("evidence")],
        "prompts": [state.get("prompts", {}).get(key) for key in ("prompts", "evidence")],
    }


def play(taste: str, rounds: int, size: Size, *, plainly: dict[str, Any] | None) -> Iterator[dict]:
    """What happened, round by round."""
    with salon(
        SITE_URL="http://testserver", TRAINING_RECIPE=json.dumps({"steps": size.steps}),
        GENERATION_THREADS=str(size.threads), GENERATION_BATCH="4",
    ) as data:  # fmt: skip
        import torch

        from curation.models import Ballot
        from generation.models import ModelVersion
        from generation.versions.files import local_adapter

        torch.set_num_threads(size.threads)
        school = School(taste, size, data)
        school.gather()
        began, before = time.monotonic(), school.noticed(None)
        known: dict[str, dict[str, float]] = {}
        for _ in range(rounds):
            round_ = school.play()
            run = school.learn()
            found: dict[str, Any] = {
                "round": round_.number,
                "votes": Ballot.objects.count(),
                "trained": "",
                "live": "",
                "run": "",
            }
            if run is not None:
                found["run"] = f"{run.status} {run.reason}".strip()
                found["figures"] = {
                    name: run.figures.get(name)
                    for name in ("variance", "chosen_error", "drift", "share")
                } | {"held_out": (run.figures.get("held_out_accuracy") or {}).get("value")}
            if run is not None and run.version is not None:
                scores = school.noticed(local_adapter(run.version))
                known[run.version.slug] = compared(scores, before, taste)
                found["trained"] = run.version.slug
                found["ours"] = known[run.version.slug]
            live = ModelVersion.objects.get(status="live")
            found["live"] = live.slug if live.adapter else ""
            found["live_ours"] = known.get(live.slug)
            found["test"] = last_test()
            if plainly is not None:
                adapter = school.learn_plainly(round_, **plainly)
                found["plain"] = compared(school.noticed(adapter), before, taste)
            found["minutes"] = (time.monotonic() - began) / 60
            yield found


def main() -> None:
    """Play one taste; a JSON line a round on stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("taste")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--size", type=json.loads, default={}, help="fields of Size, as JSON")
    parser.add_argument("--plain", type=json.loads, help="what the plain recipe is tuned to")
    options = parser.parse_args()
    size = Size(**options.size)
    for found in play(options.taste, options.rounds, size, plainly=options.plain):
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    sys.exit(main())
