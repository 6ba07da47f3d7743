import os

import pytest


@pytest.fixture
def salon_environment(transactional_db) -> dict[str, str]:
    """For processes that work on this test's own database and broker."""
    from django.conf import settings

    name = settings.DATABASES["default"]["NAME"]
    url = os.environ["DATABASE_URL"].replace("/salon?", f"/{name}?")
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings"}
