"""What becomes of a picture after its examination: on the wall, held, or dropped."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from curation.galleries import files
from curation.galleries.selectors import hanging, shown
from curation.galleries.services import (
    DigestTaken,
    RoundClosed,
    close_round,
    publish_candidate,
)
from curation.galleries.takedowns import (
    approve_held,
    disqualify_candidate,
    hide_candidate,
    restore_candidate,
)
from curation.models import Candidate, Event, PictureHash, Round, ValidatorResult
from curation.pairs.selectors import pictures, prompts_of
from curation.status import TransitionRefused
from curation.validators.errors import PictureRefused
from curation.validators.examining import Examined, examine_picture
from curation.validators.names import POLICIES, VALIDATORS
from curation.validators.selectors import held_candidates, results_of, stopped
from curation.validators.services import record_prompt
from curation.validators.verdicts import (
    Consequence,
    Outcome,
    Policy,
    Verdict,
    consequence_of,
)
from tests.factories import RoundFactory, provenance
from tests.threads import at_once

from .exhibits import emblem, exhibit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_classifier")]


def verdict(policy: str = "hold", outcome: str = "failed", name: str = "safety") -> Verdict:
    return Verdict(
        validator=name,
        version="1",
        outcome=Outcome(outcome),
        policy=Policy(policy),
        score=0.9,
        threshold=0.5,
        reason="" if outcome == "passed" else "It is not fit.",
    )


def hang(round_: Round, image, number: int, *, trial: bool = False, verdicts=()) -> Candidate:
    """As workers do it: examined, stored, published."""
    examined = examine_picture(exhibit(image), twin=trial)
    stored = files.store_picture(image)
    return publish_candidate(
        round_id=round_.pk,
        digest=stored.digest,
        size_bytes=stored.size_bytes,
        provenance=provenance(number),
        trial=trial,
        examined=Examined(
            verdicts=(*examined.verdicts, *verdicts), fingerprint=examined.fingerprint
        ),
    )


def counted(round_: Round) -> int:
    return Round.objects.get(pk=round_.pk).candidates_count


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "none"),
        ([("drop", "passed")], "none"),
        ([("note", "failed"), ("note", "broken")], "none"),
        ([("hold", "failed")], "hold"),
        ([("drop", "broken")], "hold"),
        ([("drop", "failed"), ("hold", "failed"), ("hold", "broken")], "drop"),
    ],
)
def test_hardest_verdict_decides(verdicts, expected) -> None:
    assert consequence_of(verdict(*pair) for pair in verdicts) is Consequence(expected)


def test_good_picture_hangs_with_all_its_verdicts() -> None:
    round_ = RoundFactory()
    candidate = hang(round_, emblem(), 1)
    assert candidate.status == "published"
    said = {row.validator: (row.outcome, row.consequence) for row in results_of(candidate)}
    assert said == dict.fromkeys(
        ("decodable", "size", "blank", "detail", "palette", "near-duplicate"), ("passed", "none")
    )
    assert PictureHash.objects.get().candidate == candidate


def test_prompt_results_are_told_with_the_candidate() -> None:
    round_ = RoundFactory()
    candidate = hang(round_, emblem(), 1)
    record_prompt(
        round_id=round_.pk, prompt=candidate.prompt, verdicts=[verdict(name="must-haves")]
    )
    record_prompt(round_id=round_.pk, prompt="another", verdicts=[verdict(name="must-haves")])
    assert results_of(candidate)[0].validator == "must-haves"
    assert len(results_of(candidate)) == 7


def test_held_picture_hangs_nowhere_and_nobody_is_told(pages) -> None:
    round_ = RoundFactory()
    held = hang(round_, emblem(), 1, verdicts=[verdict()])
    assert held.status == "held"
    assert (counted(round_), Event.objects.count()) == (0, 0)
    assert not hanging(round_).exists()
    assert not shown().exists()
    assert (pictures([held.digest]), prompts_of(round_)) == ({}, {})
    for url in (
        held.get_absolute_url(),
        held.file_url,
        held.thumbnail_url,
        f"/api/v1/candidates/{held.digest}",
    ):
        assert pages.get(url).status_code == 404
    for url in ("/", round_.get_absolute_url(), f"/api/v1/rounds/{round_.pk}/candidates"):
        text = pages.get(url).text
        assert held.digest[:16] not in text
        assert held.prompt not in text


def test_queue_shows_what_is_held_and_why() -> None:
    round_ = RoundFactory()
    first = hang(round_, emblem(1), 1, verdicts=[verdict()])
    second = hang(round_, emblem(2), 2, verdicts=[verdict(outcome="broken")])
    hang(round_, emblem(3), 3)
    assert list(held_candidates()) == [first, second]
    assert [row.candidate for row in stopped()] == [second, first]
    assert stopped()[0].reason == "It is not fit."


def test_approved_picture_hangs_as_if_it_had_come_just_now(pages) -> None:
    round_ = RoundFactory()
    held = hang(round_, emblem(), 1, verdicts=[verdict()])
    before = held.published_at
    approve_held(candidate=held)
    held.refresh_from_db()
    assert (held.status, counted(round_)) == ("published", 1)
    assert held.published_at > before
    [event] = Event.objects.all()
    assert (event.kind, event.payload) == ("candidate_published", {"candidate": held.pk})
    assert pages.get(held.file_url).status_code == 200
    with pytest.raises(TransitionRefused):
        approve_held(candidate=held)
    assert counted(round_) == 1


@pytest.mark.django_db(transaction=True)
def test_of_racing_moderators_one_approves() -> None:
    round_ = RoundFactory()
    held = hang(round_, emblem(), 1, verdicts=[verdict()])
    rows = [Candidate.objects.get(pk=held.pk) for _ in range(5)]
    results = at_once(5, lambda n: approve_held(candidate=rows[n]))
    assert sum(isinstance(result, TransitionRefused) for result in results) == 4
    assert (counted(round_), Event.objects.count()) == (1, 1)


def test_held_picture_can_be_approved_or_disqualified_and_nothing_else() -> None:
    round_ = RoundFactory()
    held = hang(round_, emblem(), 1, verdicts=[verdict()])
    for step in (hide_candidate, restore_candidate):
        with pytest.raises(TransitionRefused):
            step(candidate=held)
    disqualify_candidate(candidate=held)
    assert Event.objects.count() == 0
    with pytest.raises(TransitionRefused):
        approve_held(candidate=held)


def test_page_of_a_held_picture_is_not_there(pages) -> None:
    held = hang(RoundFactory(), emblem(), 1, verdicts=[verdict()])
    assert pages.get(held.get_absolute_url()).status_code == 404
    disqualify_candidate(candidate=held)
    assert pages.get(held.get_absolute_url()).status_code == 410


def test_hidden_picture_is_restored_not_approved() -> None:
    candidate = hang(RoundFactory(), emblem(), 1)
    hide_candidate(candidate=candidate)
    with pytest.raises(TransitionRefused):
        approve_held(candidate=candidate)


def test_held_picture_takes_no_part_once_its_round_is_over() -> None:
    round_ = RoundFactory()
    held = hang(round_, emblem(), 1, verdicts=[verdict()])
    close_round(round_=round_)
    with pytest.raises(RoundClosed):
        approve_held(candidate=held)


def test_dropped_picture_makes_no_candidate() -> None:
    round_ = RoundFactory()
    with pytest.raises(PictureRefused, match=r"safety: It is not fit\.") as caught:
        hang(round_, emblem(), 1, verdicts=[verdict("drop")])
    assert "safety" in [v.validator for v in caught.value.verdicts]
    assert not Candidate.objects.exists()
    assert (counted(round_), Event.objects.count()) == (0, 0)


def twin_of(image):
    """The same to the eye, other bytes."""
    spoilt = image.copy()
    spoilt.putpixel((0, 0), (0, 0, 0))
    return spoilt


def test_near_duplicate_of_whatever_hangs_is_refused_in_any_round() -> None:
    first = hang(RoundFactory(), emblem(), 1)
    with pytest.raises(PictureRefused, match=f"near-duplicate: .*{first.digest[:16]}"):
        hang(RoundFactory(), twin_of(emblem()), 2)
    hide_candidate(candidate=first)
    with pytest.raises(PictureRefused):
        hang(RoundFactory(), twin_of(emblem()), 3)
    hang(RoundFactory(), emblem(1), 4)


def test_the_same_bytes_are_a_digest_taken_as_before() -> None:
    hang(RoundFactory(), emblem(), 1)
    with pytest.raises(DigestTaken):
        hang(RoundFactory(), emblem(), 2)


def test_policy_can_hold_near_duplicates(settings) -> None:
    settings.VALIDATORS = {"near-duplicate": {"policy": "hold"}}
    hang(RoundFactory(), emblem(), 1)
    assert hang(RoundFactory(), twin_of(emblem()), 2).status == "held"


def test_twins_of_a_blind_test_may_be_alike_blank_and_still_not_unsafe() -> None:
    round_ = RoundFactory()
    hang(round_, emblem(), 1)
    twins = [hang(round_, twin_of(emblem()), 2, trial=True)]
    blank = twin_of(emblem()).resize((64, 64)).point(lambda _: 40)
    twins.append(hang(round_, blank, 3, trial=True))
    assert [twin.status for twin in twins] == ["published", "published"]
    assert PictureHash.objects.count() == 1  # nor is anything compared with them
    hang(RoundFactory(), emblem(2), 4)
    unsafe = hang(round_, emblem(3), 5, trial=True, verdicts=[verdict()])
    assert unsafe.status == "held"
    approve_held(candidate=unsafe)
    assert counted(round_) == 1  # twins hang on no wall
    assert Event.objects.filter(stream=round_.stream).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_near_duplicates_published_at_once_one_hangs() -> None:
    image = emblem()
    copies = []
    for n in range(6):
        copy = image.copy()
        copy.putpixel((n, 0), (0, 0, 0))
        copies.append(copy)
    rounds = RoundFactory.create_batch(6)
    results = at_once(6, lambda n: hang(rounds[n], copies[n], n))
    assert sum(isinstance(result, Candidate) for result in results) == 1
    assert sum(isinstance(result, PictureRefused) for result in results) == 5


def test_results_stay_as_they_were_written() -> None:
    candidate = hang(RoundFactory(), emblem(), 1)
    for change in (
        lambda: ValidatorResult.objects.update(outcome="passed"),
        lambda: ValidatorResult.objects.filter(candidate=candidate).delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert ValidatorResult.objects.count() == 6


def test_every_failure_says_why() -> None:
    row = {"kind": "picture", "subject": "a" * 64, "round": RoundFactory(), "prompt": "star"}
    said = {"validator": "blank", "version": "1", "policy": "hold", "consequence": "hold"}
    with pytest.raises(IntegrityError, match="says_why"), transaction.atomic():
        ValidatorResult.objects.create(**row, **said, outcome="failed")


def test_after_the_round_verdicts_are_told(client) -> None:
    round_ = RoundFactory()
    candidate = hang(round_, emblem(), 1)
    path = f"/api/v1/candidates/{candidate.digest}"
    assert client.get(path).json()["unsealed"] is None
    close_round(round_=round_)
    told = client.get(path).json()["unsealed"]["verdicts"]
    assert told[0] == {
        "validator": "decodable",
        "version": "1",
        "outcome": "passed",
        "score": 0.0,
        "threshold": 0.0,
        "reason": "",
    }
    assert len(told) == 6


def test_names_are_those_of_the_validators() -> None:
    from curation.validators.examining import OF_PICTURES, OF_PROMPTS
    from curation.validators.near import Near

    names = [kind.name for kind in (*OF_PROMPTS, *OF_PICTURES, Near)]
    assert sorted(names) == sorted(VALIDATORS)
    assert list(POLICIES) == list(Policy)
