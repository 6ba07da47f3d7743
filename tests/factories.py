"""Rows for tests, made by factory-boy; the services make everything that has rules."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import factory
from django.utils import timezone
from PIL import Image

from curation.accounts.rules import checksum_address
from curation.galleries import files
from curation.galleries.services import Provenance, publish_candidate
from curation.models import Ballot, Brief, Candidate, Member, Round, Standing, Tally
from curation.standings.parameters import Parameters
from generation.agents.models import Agent
from generation.jobs.models import GenerationJob
from generation.versions.models import ModelVersion


class BriefFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brief

    slug = factory.Sequence(lambda n: f"brief-{n}")
    title = factory.Sequence(lambda n: f"An emblem for club {n}")
    purpose = "It goes on the door."


class RoundFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Round

    brief = factory.SubFactory(BriefFactory)
    number = 1
    opened_at = factory.LazyFunction(timezone.now)
    closes_at = factory.LazyAttribute(lambda o: o.opened_at + timedelta(hours=1))
    candidates_wanted = 8


class AgentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Agent

    slug = factory.Sequence(lambda n: f"agent-{n}")
    name = factory.Sequence(lambda n: f"Agent {n}")
    manner = "Calm."


class VersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModelVersion

    slug = factory.Sequence(lambda n: f"sealed-version-{n}")
    base = "/models/somewhere"
    base_hash = factory.Sequence(lambda n: hashlib.sha256(f"base {n}".encode()).hexdigest())
    status = ModelVersion.Status.DRAFT


class JobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = GenerationJob

    key = factory.Sequence(lambda n: hashlib.sha256(f"job {n}".encode()).hexdigest())
    easel = factory.Sequence(lambda n: f"easel{n:08x}")
    round = factory.SubFactory(RoundFactory)
    agent = factory.SubFactory(AgentFactory)
    model_version = factory.SubFactory(VersionFactory)
    prompt = factory.Sequence(lambda n: f"white star {n}, navy background")
    seed = factory.Sequence(lambda n: 7_000_000 + n)
    steps = 4
    guidance = 3.0
    width = 64
    height = 64
    due_at = factory.LazyFunction(timezone.now)


class MemberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Member

    address = factory.Sequence(
        lambda n: checksum_address("0x" + hashlib.sha256(f"member {n}".encode()).hexdigest()[:40])
    )


class BallotFactory(factory.django.DjangoModelFactory):
    """A counted ballot that nobody signed; give it a round, a voter, `chosen` and `rejected`."""

    class Meta:
        model = Ballot

    digest = factory.Sequence(lambda n: hashlib.sha256(f"ballot {n}".encode()).hexdigest())
    low = factory.LazyAttribute(lambda o: min(o.chosen, o.rejected))
    high = factory.LazyAttribute(lambda o: max(o.chosen, o.rejected))
    outcome = Ballot.Outcome.PREFERENCE
    nonce = factory.Sequence(lambda n: n + 1)
    issued_at = factory.LazyFunction(lambda: int(timezone.now().timestamp()))
    signer = "wallet"
    signature = "00" * 65
    wallet_kind = "eoa"
    accepted_at = factory.LazyFunction(timezone.now)
    weight = 1.0
    why = Ballot.Why.COUNTED


class TallyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tally

    published_at = factory.LazyFunction(timezone.now)
    parameters = factory.LazyFunction(lambda: Parameters().as_json())
    code_version = "0.1.0"
    ballots_count = 0
    counted_count = 0
    voters_count = 0
    weight_total = 0.0
    effective_count = 0.0
    bundle_digest = factory.Sequence(lambda n: hashlib.sha256(f"bundle {n}".encode()).hexdigest())
    bundle_bytes = 1_234_567


class StandingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Standing

    score = 0.0
    deviation = 1.5
    comparisons = 0
    weight = 0.0


def picture(number: int, side: int = 16) -> Image.Image:
    """A small picture unlike every other number's."""
    colour = hashlib.sha256(str(number).encode()).digest()[:3]
    image = Image.new("RGB", (side, side), tuple(colour))
    image.putpixel((number % 16, number // 16 % 16), (255, 255, 255))
    return image


def provenance(number: int, **changes: object) -> Provenance:
    """Made-up facts whose sealed values are easy to look for."""
    facts = {
        "agent": "Iris",
        "prompt": f"gold anchor {number}, navy background",
        "negative_prompt": "",
        "primitives": ["motif:anchor"],
        "seed": 880_055_000_000 + number,
        "scheduler": "FlowMatchEulerDiscreteScheduler",
        "steps": 20,
        "guidance": 3.0,
        "width": 16,
        "height": 16,
        "model_version": "sealed-version",
        "base_hash": hashlib.sha256(b"sealed base").hexdigest(),
        "adapter_hash": hashlib.sha256(b"sealed adapter").hexdigest(),
        "job_key": hashlib.sha256(f"sealed job {number}".encode()).hexdigest(),
        "easel": f"easel{number:08x}",
        "worker": "host:1:1",
    }
    return Provenance(**(facts | changes))


def publish(round_: Round, number: int, *, side: int = 16, **changes: object) -> Candidate:
    """A candidate with its files, hung by the service itself."""
    stored = files.store_picture(picture(number, side))
    return publish_candidate(
        round_id=round_.pk,
        digest=stored.digest,
        size_bytes=stored.size_bytes,
        provenance=provenance(number, **({"width": side, "height": side} | changes)),
    )
