"""Charters and what prompts say, however it is spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.validators.charters import HOUSE_CHARTER, read_charter
from curation.validators.errors import CharterBroken
from curation.validators.examining import examine_prompt
from curation.validators.texts import (
    ForbiddenIdeas,
    Wording,
    check_charter,
)
from curation.validators.verdicts import Consequence, Outcome, Policy, consequence_of
from curation.validators.wording import says

KNOWN = ("star", "skull", "leaf", "music note", "red", "stripes", "fox", "lily")
DISGUISES = (
    "swastika",
    "A SWASTIKA on a shield",
    "two swastikas",
    "sw4st1k4",
    "$w@$tika",
    "s w a s t i k a",
    "s.w.a.s.t.i.k.a",
    "swas-tika",
    "swaaaastika",
    "ｓｗａｓｔｉｋａ",
    "swástìka",
    "swas\u200btika",
    "\u202eswastika\u202c",
    "ѕwаѕtіка",
    "swas\u00adtika",
    "red\nswastika",
)
HARMLESS = (
    "white star on a navy shield, gold border, cream background",
    "skull on a black circle",
    "ring of 5 red star marks",
    "a pen is gold",
    "Scunthorpe and Essex rowing club",
    "black sun, cross and sword",
    "an analyst's therapist",
    "denude, pornic and gored",
    "",
)


@pytest.mark.parametrize("text", DISGUISES)
def test_forbidden_word_is_found_in_disguise(text) -> None:
    assert says(text, "swastika")
    with pytest.raises(CharterBroken, match="swastika"):
        check_charter("A fine title", text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_are_left_alone(text) -> None:
    check_charter(text)


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("leaves", "leaf", True),
        ("LILIES, please", "lily", True),
        ("foxes", "fox", True),
        ("music notes", "music note", True),
        ("notes of music", "music note", False),
        ("stripe", "stripes", True),
        ("starlight", "star", False),
        ("the third reich", "Third Reich", True),
        ("third, reich", "third reich", True),
        ("a third of the reich", "third reich", False),
        ("anything", "", False),
    ],
)
def test_whole_words_in_singular_and_plural(text, phrase, found) -> None:
    assert says(text, phrase) == found


@given(st.text(max_size=200), st.text(max_size=30))
def test_any_text_can_be_read(text, phrase) -> None:
    assert says(text, phrase) in (True, False)


@given(st.text(alphabet="abcdefghijklmnop ", max_size=60), st.sampled_from(["swastika", "nazi"]))
def test_a_word_is_found_in_whatever_stands_around_it(around, word) -> None:
    assert says(f"{around} , {word} ; {around}", word)


def stopped(prompt: str, **facts: object) -> dict[str, str]:
    verdicts = examine_prompt(Wording(prompt=prompt, known=KNOWN, **facts))
    return {v.validator: v.reason for v in verdicts if v.consequence is not Consequence.NONE}


NAUGHTY = (
    "",
    "   ",
    "\x00",
    "star\x00",
    "star\u202e rats",
    "star\u200b",
    "\ud800",
    "\ufeffstar",
    "\U000e0041star",
    "star\x1b[31m",
    "x" * 1001,
    "\uffff",
)


@pytest.mark.parametrize("prompt", NAUGHTY)
def test_naughty_prompts_are_stopped_as_no_text(prompt) -> None:
    assert "plain-text" in stopped(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["<script>alert(1)</script>", "'; DROP TABLE curation_candidate; --", "{{ 7*7 }}", "星", "⭐"],
)
def test_what_is_only_text_is_no_concern_of_theirs(prompt) -> None:
    assert stopped(prompt) == {}


def test_what_the_brief_rules_out_stops_a_prompt() -> None:
    said = stopped("red skull", must_not="No skulls, nothing reddish")
    assert said == {"ruled-out": "The brief rules out: skull."}
    assert stopped("white star", must_not="No skulls") == {}


def test_must_haves_are_noted_and_stop_nothing() -> None:
    verdicts = examine_prompt(Wording(prompt="red skull", must="a star or leaves", known=KNOWN))
    [verdict] = [v for v in verdicts if v.validator == "must-haves"]
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason == "The brief asks for: star, leaf."
    assert consequence_of(verdicts) is Consequence.NONE
    [kept] = [
        v
        for v in examine_prompt(Wording(prompt="red star", must="a star", known=KNOWN))
        if v.validator == "must-haves"
    ]
    assert kept.outcome is Outcome.PASSED


def test_policy_and_threshold_come_from_the_settings(settings) -> None:
    settings.VALIDATORS = {"must-haves": {"policy": "drop"}, "forbidden-words": {"policy": "off"}}
    assert set(stopped("nazi skull", must="a star")) == {"must-haves"}
    settings.VALIDATORS = {"forbidden-words": {"threshold": 1, "policy": "hold"}}
    assert stopped("nazi skull") == {}
    assert set(stopped("nazi swastika")) == {"forbidden-words"}


def test_ideas_are_compared_by_meaning() -> None:
    def affinity(text: str, phrases: list[str]) -> list[float]:
        return [0.41 if "corpses" in phrase and text == "bad" else 0.4 for phrase in phrases]

    judge = ForbiddenIdeas(ForbiddenIdeas.limit, policy=Policy.DROP).judge
    bad = judge(Wording(prompt="bad", affinity=affinity))
    assert (bad.outcome, bad.score) == (Outcome.FAILED, 0.41)
    assert "corpses" in bad.reason
    assert judge(Wording(prompt="good", affinity=affinity)).outcome is Outcome.PASSED
    assert judge(Wording(prompt="bad")).outcome is Outcome.PASSED  # nothing to compare with


def test_prompt_that_cannot_be_judged_is_held() -> None:
    def broken(_text: str, _phrases: list[str]) -> list[float]:
        raise MemoryError("no room")

    verdicts = examine_prompt(Wording(prompt="star", affinity=broken))
    assert consequence_of(verdicts) is Consequence.HOLD
    [verdict] = [v for v in verdicts if v.outcome is Outcome.BROKEN]
    assert verdict.reason == "It broke: MemoryError: no room"


def test_charter_of_another_house(settings, tmp_path) -> None:
    file = tmp_path / "charter.toml"
    file.write_text('[[forbidden]]\nidea = "football"\nwords = ["goalkeeper"]\n')
    settings.CHARTER_FILE = str(file)
    check_charter("a swastika")
    with pytest.raises(CharterBroken, match="goalkeeper"):
        check_charter("Goalkeepers")


@pytest.mark.parametrize("text", ["[[forbidden]]\n", "forbidden = 3", "[[forbidden", "\x00"])
def test_broken_charter_is_refused(tmp_path, text) -> None:
    file = tmp_path / "charter.toml"
    file.write_text(text)
    with pytest.raises(ValueError):
        read_charter(file)


def test_our_own_charter_is_whole() -> None:
    own = read_charter(HOUSE_CHARTER)
    assert len(own.words) == len(set(own.words)) > 30
    assert all(says(word, word) for word in own.words)
