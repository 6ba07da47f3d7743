import pytest

from generation.versions.models import ModelVersion
from generation.versions.selectors import NoLiveVersion, live_version
from generation.versions.services import register_base

pytestmark = pytest.mark.django_db


def statuses() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("base_hash", "status"))


def test_registered_base_is_live_and_the_one_before_retires():
    register_base(base="/models/first", base_hash="a" * 64)
    register_base(base="/models/second", base_hash="b" * 64)
    assert statuses() == {"a" * 64: "retired", "b" * 64: "live"}
    assert live_version().base == "/models/second"


def test_registering_the_same_weights_notes_only_their_new_place():
    first = register_base(base="/models/here", base_hash="a" * 64)
    again = register_base(base="/models/there", base_hash="a" * 64)
    assert (again.pk, again.slug) == (first.pk, first.slug)
    assert live_version().base == "/models/there"


def test_going_back_to_an_earlier_base_makes_it_live_again():
    for digit in "aba":
        register_base(base=f"/models/{digit}", base_hash=digit * 64)
    assert statuses() == {"a" * 64: "live", "b" * 64: "retired"}


def test_live_adapter_on_the_same_base_stays_live():
    base = register_base(base="/models/a", base_hash="a" * 64)
    ModelVersion.objects.filter(pk=base.pk).update(status="retired")
    adapted = ModelVersion.objects.create(
        slug="adapted", base="/models/a", base_hash="a" * 64, adapter_hash="c" * 64, status="live"
    )
    register_base(base="/models/a", base_hash="a" * 64)
    assert live_version() == adapted


def test_what_was_made_on_weights_that_were_replaced_has_no_place_until_they_are_back():
    old = register_base(base="/models/here", base_hash="a" * 64)
    adapted = ModelVersion.objects.create(
        slug="adapted",
        base=old.base,
        base_hash=old.base_hash,
        adapter_hash="c" * 64,
        status="retired",
    )
    register_base(base="/models/here", base_hash="b" * 64)
    for version in (old, adapted):
        version.refresh_from_db()
        assert (version.base, version.status) == ("", "retired")
    register_base(base="/models/kept", base_hash="a" * 64)
    for version in (old, adapted):
        version.refresh_from_db()
        assert version.base == "/models/kept"


@pytest.mark.parametrize(
    ("base", "slug"),
    [
        ("/x/emblems/weights", "emblems-aaaaaaaa"),
        ("stabilityai/sd-turbo", "sd-turbo-aaaaaaaa"),
        ("/x/星", "model-aaaaaaaa"),
    ],
)
def test_version_is_named_after_its_folder(base, slug):
    assert register_base(base=base, base_hash="a" * 64).slug == slug


def test_no_live_version_names_the_remedy():
    with pytest.raises(NoLiveVersion, match=r"manage\.py prepare"):
        live_version()


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("/x/emblems/weights", "emblems"),
        ("/models/sd3.5-medium/", "sd3.5-medium"),
        ("stabilityai/sd-turbo", "stabilityai/sd-turbo"),
        ("", "weights aaaaaaaa, which are not here any more"),
    ],
)
def test_a_base_is_called_after_its_model(base, name):
    assert ModelVersion(base=base, base_hash="a" * 64).base_name == name
