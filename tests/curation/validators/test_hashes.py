"""Fingerprints, and their index against looking at each of them."""

from __future__ import annotations

import hashlib
import io
import random

import numpy as np
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from curation.models import Candidate, PictureHash
from curation.validators.hashes import (
    Fingerprint,
    chunks_of,
    distance,
    fingerprint,
    probes,
    tone_distance,
)
from curation.validators.near import RADIUS, Near, within
from curation.validators.verdicts import Outcome, Policy
from tests.factories import RoundFactory, provenance

from .exhibits import emblem, encoded

BITS = st.integers(-(2**63), 2**63 - 1)


def flipped(bits: int, places: set[int]) -> int:
    """The same bits but for some, signed again."""
    for place in places:
        bits ^= 1 << place if place < 63 else -(1 << 63)
    return bits


@given(BITS, st.sets(st.integers(0, 63), max_size=12), st.integers(0, 11))
def test_probes_miss_nothing_within_the_radius(bits, places, radius) -> None:
    other = flipped(bits, places)
    assert distance(bits, other) == len(places)
    met = any(
        chunk in values
        for chunk, values in zip(chunks_of(other), probes(bits, radius), strict=True)
    )
    assert met or len(places) > radius


def test_probes_are_few() -> None:
    assert [len(chunk) for chunk in probes(7, RADIUS)] == [17] * 4
    assert [len(chunk) for chunk in probes(7, 3)] == [1] * 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image: Image.open(io.BytesIO(encoded(image, "JPEG", quality=60))),
        lambda image: image.resize((image.width // 2,) * 2).resize(image.size),
        lambda image: Image.fromarray(
            np.clip(
                np.asarray(image, dtype=float)
                + np.random.default_rng(3).normal(0, 4, (*image.size, 3)),
                0,
                255,
            ).astype(np.uint8)
        ),
    ],
    ids=["as JPEG", "halved", "under noise"],
)
def test_a_spoilt_copy_is_near_and_another_picture_is_not(spoil) -> None:
    pictures = [fingerprint(emblem(n, side=256)) for n in range(8)]
    for number, original in enumerate(pictures):
        copy = fingerprint(spoil(emblem(number, side=256)).convert("RGB"))
        assert distance(copy.bits, original.bits) <= RADIUS
        assert tone_distance(copy.tones, original.tones) < Near.limit
        for other in pictures[:number]:
            assert tone_distance(other.tones, original.tones) > Near.limit


def test_colours_alone_tell_two_pictures_apart() -> None:
    image = emblem(1, side=256)
    red, green, blue = image.split()
    other = Image.merge("RGB", (red, green.point(lambda level: level ^ 8), blue))
    swapped = fingerprint(Image.merge("RGB", (blue, green, red)))
    assert tone_distance(swapped.tones, fingerprint(image).tones) > 10
    assert tone_distance(fingerprint(other).tones, fingerprint(image).tones) > Near.limit


def hung(round_, bits: list[int], status: str = "published") -> None:
    first = Candidate.objects.count()
    Candidate.objects.bulk_create(
        Candidate(
            round=round_,
            digest=hashlib.sha256(f"hash {first + n}".encode()).hexdigest(),
            size_bytes=1,
            status=status,
            **vars(provenance(first + n)),
        )
        for n in range(len(bits))
    )
    rows = Candidate.objects.order_by("pk")[first:]
    PictureHash.objects.bulk_create(
        PictureHash(candidate=row, bits=value, tones=bytes(192))
        for row, value in zip(rows, bits, strict=True)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    centre=BITS,
    near=st.lists(st.sets(st.integers(0, 63), max_size=12), max_size=12),
    others=st.lists(BITS, max_size=12),
    radius=st.integers(0, 11),
)
def test_index_finds_exactly_what_looking_at_each_finds(db, centre, near, others, radius) -> None:
    PictureHash.objects.all().delete()
    values = [flipped(centre, places) for places in near] + others
    hung(RoundFactory(), values)
    expected = sorted(value for value in values if distance(centre, value) <= radius)
    assert sorted(within(centre, radius).values_list("bits", flat=True)) == expected


@pytest.mark.django_db
def test_lookup_among_many_uses_the_chunks_and_scans_nothing() -> None:
    rng = random.Random(4)
    hung(RoundFactory(), [rng.getrandbits(64) - 2**63 for _ in range(20_000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE curation_picturehash")
        cursor.execute("ANALYZE curation_candidate")
    plan = within(12345).explain()
    assert "Seq Scan on curation_picturehash" not in plan
    for place in range(4):
        assert f"picture_hash_chunk_{place}" in plan


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "outcome"),
    [("published", "failed"), ("hidden", "failed"), ("disqualified", "failed"), ("held", "passed")],
)
def test_what_was_ever_shown_counts_and_what_is_held_does_not(status, outcome) -> None:
    hung(RoundFactory(), [0], status=status)
    verdict = Near(Near.limit, policy=Policy.DROP).judge(Fingerprint(3, bytes(192)))
    assert verdict.outcome == Outcome(outcome)
    assert verdict.score == (0 if outcome == "failed" else 255)


@pytest.mark.django_db
def test_database_computes_the_chunks() -> None:
    hung(RoundFactory(), [-2, 0x0123_4567_89AB_CDEF])
    rows = PictureHash.objects.order_by("pk").values_list(*(f"chunk_{n}" for n in range(4)))
    assert [list(row) for row in rows] == [chunks_of(-2), [0xCDEF, 0x89AB, 0x4567, 0x0123]]
