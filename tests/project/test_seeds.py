import pytest

from chain.demo.members import DEMO_MEMBERS
from curation.models import Brief, Member
from generation.agents.models import Agent, Primitive
from generation.emblems import vocabulary
from project import seeds

pytestmark = pytest.mark.django_db


def rows() -> list[list[dict]]:
    return [list(model.objects.order_by("pk").values()) for model in (Brief, Agent, Primitive)]


def seed() -> None:
    seeds.seed_primitives()
    seeds.seed_agents()
    seeds.seed_briefs()


def test_seeding_twice_changes_nothing():
    seed()
    before = rows()
    seed()
    assert rows() == before
    assert [len(found) for found in before[:2]] == [2, 2]


def test_every_palette_is_made_of_colours_the_model_knows():
    seeds.seed_primitives()
    colours = set(vocabulary.COLOURS)
    for palette in Primitive.objects.filter(kind="palette"):
        assert len(palette.parts) == 4
        assert set(palette.parts) <= colours


def test_words_that_left_the_vocabulary_rest_and_come_back():
    seeds.seed_primitives()
    Primitive.objects.create(vocabulary="emblems", kind="motif", name="dodo")
    foreign = Primitive.objects.create(vocabulary="other", kind="motif", name="dodo")
    Primitive.objects.filter(name="star").update(active=False, gloss="stale")
    seeds.seed_primitives()
    assert not Primitive.objects.get(vocabulary="emblems", name="dodo").active
    star = Primitive.objects.get(vocabulary="emblems", kind="motif", name="star")
    assert star.active
    assert star.gloss == vocabulary.GLOSSES["star"]
    foreign.refresh_from_db()
    assert foreign.active


def test_what_people_changed_is_kept():
    seed()
    Agent.objects.filter(slug="iris").update(boldness=1.9)
    Brief.objects.all()[:1].get().delete()
    seed()
    assert Agent.objects.get(slug="iris").boldness == 1.9
    assert Brief.objects.count() == 1


def test_demo_members_are_there_under_their_names_only_beside_a_demo_wallet(settings) -> None:
    settings.DEMO_WALLET = False
    seeds.seed_demo_members()
    assert not Member.objects.exists()
    settings.DEMO_WALLET = True
    seeds.seed_demo_members()
    Member.objects.filter(address=DEMO_MEMBERS[0].address).update(name="Somebody else")
    seeds.seed_demo_members()
    names = set(Member.objects.values_list("name", flat=True))
    assert names == {"Somebody else", *(member.name for member in DEMO_MEMBERS[1:])}
