from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from curation.briefs.rules import TextRefused
from curation.briefs.selectors import briefs_in_need_of_a_round, briefs_on_show
from curation.briefs.services import BriefInvalid, complete_brief, post_brief
from curation.models import Brief
from curation.status import TransitionRefused
from curation.validators.errors import CharterBroken
from tests.factories import BriefFactory, RoundFactory


class AnyText(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(*[st.text(st.characters(), max_size=200)] * 4)
    def test_any_text_is_stored_or_refused(self, title, purpose, must, colour):
        try:
            brief = post_brief(title=title, purpose=purpose, must=must, palette=[colour])
        except TextRefused:
            return
        kept = Brief.objects.get(pk=brief.pk)
        for text in (kept.title, kept.purpose, kept.must, *kept.palette):
            assert "\0" not in text
        assert kept.slug.isascii()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "longest"), [("title", 120), ("purpose", 2000), ("must", 500), ("must_not", 500)]
)
def test_text_fits_up_to_its_limit(field, longest):
    texts = {"title": "A crest", "purpose": "For the door."}
    post_brief(**texts | {field: "🦀" * longest})
    for length in (longest + 1, 10_000):
        with pytest.raises(TextRefused):
            post_brief(**texts | {field: "x" * length})
    assert Brief.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds_planned": 0},
        {"rounds_planned": 101},
        {"candidates_per_round": 3},
        {"candidates_per_round": 5001},
        {"round_minutes": 0},
        {"round_minutes": 43_201},
        {"deadline": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_impossible_amounts_are_refused(wrong):
    with pytest.raises(BriefInvalid):
        post_brief(title="A crest", purpose="For the door.", **wrong)
    assert not Brief.objects.exists()


@pytest.mark.django_db
def test_same_title_twice_gets_two_addresses():
    first, second = (post_brief(title="星", purpose="A sign.") for _ in range(2))
    assert first.slug != second.slug
    assert first.slug.startswith("brief-")


@pytest.mark.django_db
def test_palette_keeps_eight_colours():
    brief = post_brief(title="A crest", purpose="Bright.", palette=[f"red{n}" for n in range(20)])
    assert len(Brief.objects.get(pk=brief.pk).palette) == 8


@pytest.mark.django_db
def test_completed_brief_stays_completed():
    brief = BriefFactory()
    complete_brief(brief=brief)
    with pytest.raises(TransitionRefused):
        complete_brief(brief=brief)


@pytest.mark.django_db
def test_active_briefs_without_an_open_round_need_one():
    fresh, between = BriefFactory(), BriefFactory()
    RoundFactory(brief=between, status="closed")
    RoundFactory()
    BriefFactory(status="completed")
    assert set(briefs_in_need_of_a_round()) == {fresh, between}


@pytest.mark.django_db
def test_withdrawn_briefs_are_not_on_show():
    shown = BriefFactory()
    BriefFactory(status="withdrawn")
    assert list(briefs_on_show()) == [shown]


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["title", "purpose", "must"])
def test_brief_that_asks_for_what_the_house_does_not_show_is_refused(field):
    texts = {"title": "A crest", "purpose": "For the door."}
    with pytest.raises(CharterBroken, match="swastika"):
        post_brief(**texts | {field: "Two sw4stikas"})
    assert not Brief.objects.exists()
    assert post_brief(**texts, must_not="swastikas").must_not == "swastikas"
