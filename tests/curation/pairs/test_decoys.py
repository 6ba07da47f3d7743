"""Degraded twins of candidates."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from curation.galleries import files
from curation.models import Candidate, Decoy
from curation.pairs.decoys import decoys_wanted, make_decoys, rounds_short_of_decoys
from curation.pairs.recipes import RECIPES, degrade
from tests.curation.judging import round_with
from tests.factories import RoundFactory, publish


@pytest.fixture
def emblem() -> Image.Image:
    image = Image.new("RGB", (256, 256), "navy")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 40, 216, 216), fill="white", outline="gold", width=12)
    draw.rectangle((108, 80, 148, 180), fill="crimson")
    return image


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=float)


@pytest.mark.parametrize("recipe", RECIPES)
def test_twin_has_the_size_but_neither_shapes_nor_smoothness(emblem, recipe) -> None:
    twin = degrade(emblem, recipe, 1)
    assert (twin.size, twin.mode) == (emblem.size, "RGB")
    assert np.sqrt(((pixels(twin) - pixels(emblem)) ** 2).mean()) > 50  # of 255
    rough, smooth = (np.abs(np.diff(pixels(image), axis=1)).mean() for image in (twin, emblem))
    assert rough > 10 * smooth


@pytest.mark.parametrize("recipe", RECIPES)
def test_twin_is_the_same_for_the_same_seed(emblem, recipe) -> None:
    one, same, other = (pixels(degrade(emblem, recipe, seed)) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("size", [(16, 16), (1, 1), (300, 40), (40, 300), (1024, 768)])
def test_pictures_of_any_size_can_be_spoilt(recipe, size) -> None:
    image = Image.new("RGB", size, "teal")
    assert degrade(image, recipe, 1).size == size
    assert (pixels(degrade(image, recipe, 1)) != pixels(image)).any()


@pytest.mark.django_db
def test_first_candidates_of_a_round_get_twins_as_they_hang() -> None:
    round_ = round_with(2, 1)
    assert make_decoys(round_id=round_.pk) == 2
    assert make_decoys(round_id=round_.pk) == 0
    for number in range(30, 40):
        publish(round_, number)
    assert make_decoys(round_id=round_.pk) == decoys_wanted() - 2
    assert Decoy.objects.count() == decoys_wanted()
    first = list(round_.candidates.order_by("pk")[: decoys_wanted()])
    assert {decoy.original for decoy in Decoy.objects.all()} == set(first)


@pytest.mark.django_db
def test_twin_is_stored_under_its_digest_and_is_no_candidate(pages) -> None:
    round_ = round_with(1, 1)
    make_decoys(round_id=round_.pk)
    decoy = Decoy.objects.get()
    with default_storage.open(files.picture_name(decoy.digest)) as file:
        assert Image.open(io.BytesIO(file.read())).size == (16, 16)
    assert decoy.recipe in RECIPES
    picture, thumbnail = f"/media/pictures/{decoy.digest}.png", f"/media/thumbnails/{decoy.digest}"
    assert pages.get(picture).status_code == 200
    assert pages.get(f"{thumbnail}.webp").status_code == 200
    assert pages.get(f"/candidates/{decoy.digest}/").status_code == 404


@pytest.mark.django_db
def test_twin_is_taken_down_with_its_original_and_another_is_made(pages) -> None:
    round_ = round_with(1, decoys_wanted() + 1)
    make_decoys(round_id=round_.pk)
    decoy = Decoy.objects.first()
    Candidate.objects.filter(pk=decoy.original_id).update(status="hidden")
    assert pages.get(f"/media/pictures/{decoy.digest}.png").status_code == 404
    assert make_decoys(round_id=round_.pk) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("gold", "wanted"), [(3, 6), (10, 12)])
def test_there_are_more_twins_than_a_newcomer_has_to_answer(settings, gold, wanted) -> None:
    settings.REPUTATION_GOLD = gold
    assert decoys_wanted() == wanted


@pytest.mark.django_db
def test_closed_round_gets_no_twins() -> None:
    round_ = round_with(1, 2)
    round_.status = "closed"
    round_.save()
    assert make_decoys(round_id=round_.pk) == 0


@pytest.mark.django_db
def test_candidate_whose_file_is_gone_gets_no_twin() -> None:
    round_ = round_with(1, 2)
    lost = round_.candidates.first()
    default_storage.delete(files.picture_name(lost.digest))
    assert make_decoys(round_id=round_.pk) == 1


@pytest.mark.django_db
def test_twins_are_asked_for_as_each_of_the_first_candidates_hangs() -> None:
    cache.clear()
    round_ = RoundFactory()
    assert rounds_short_of_decoys() == []
    for number in range(decoys_wanted() + 3):
        publish(round_, number)
        asked = rounds_short_of_decoys()
        assert asked == ([round_.pk] if number < decoys_wanted() else [])
        assert rounds_short_of_decoys() == []
