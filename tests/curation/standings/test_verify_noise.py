"""Bytes of a bundle changed at random: never equal unless the value is the same, never a crash."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.curation.standings.verifying import (
    DIFFERENT,
    UNREADABLE,
    Verifier,
    opened,
    sealed,
    true_bundle,
)

pytestmark = pytest.mark.django_db
TIMES = 1500 if os.environ.get("SALON_SOAK") else 150
noisy = settings(
    max_examples=TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
places = st.integers(0, 10**6)
changes = st.lists(st.tuples(places, st.integers(1, 255)), min_size=1, max_size=3)


@pytest.fixture
def verify(tmp_path) -> Verifier:
    return Verifier(tmp_path)


def value_of(text: bytes) -> object:
    try:
        return json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return None


@noisy
@given(flips=changes)
def test_flipped_bytes_are_never_equal(verify, flips):
    text = bytearray(true_bundle())
    for place, mask in flips:
        text[place % len(text)] ^= mask
    code, said = verify(bytes(text))
    same = value_of(bytes(text)) == value_of(true_bundle())
    assert code in range(4)
    assert code in (DIFFERENT, UNREADABLE) or same, said
    assert said.splitlines()[-1].startswith(("equal", "not equal", "unreadable: "))


@noisy
@given(start=places, length=st.integers(1, 200), patch=st.binary(max_size=40))
def test_cut_and_pasted_bytes_are_never_equal(verify, start, length, patch):
    text = true_bundle()
    start %= len(text)
    other = text[:start] + patch + text[start + length :]
    code, said = verify(other)
    assert code in (DIFFERENT, UNREADABLE) or value_of(other) == value_of(text), said


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)  # neither is JSON
    | st.text(max_size=20),
    lambda parts: (
        st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3)
    ),
    max_leaves=8,
)


@noisy
@given(choice=st.data(), value=values)
def test_any_value_anywhere_under_a_true_manifest_is_never_a_crash(verify, choice, value):
    bundle = opened(true_bundle())
    at, name = bundle, choice.draw(st.sampled_from(sorted(set(bundle) - {"manifest", "format"})))
    while at[name] and isinstance(at[name], dict | list) and choice.draw(st.booleans()):
        at = at[name]
        name = choice.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
    at[name] = value
    _, said = verify(sealed(bundle))
    assert said.splitlines()[-1].startswith(("equal", "not equal"))
