"""What tests of several apps need."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

HERE = Path(__file__).parent
SITES = (HERE / "browser",)  # folders whose tests share a site that takes long to start


@pytest.hookimpl(tryfirst=True)  # before xdist reads the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a started site or a module's fixtures, when workers share tests."""
    for item in items:
        shared = next((folder for folder in SITES if folder in item.path.parents), item.path)
        item.add_marker(pytest.mark.xdist_group(str(shared.relative_to(HERE))))


@pytest.fixture(scope="session", autouse=True)
def static_folder(data_folder: Path) -> None:
    """Where static files are looked for, though most tests ask for none."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def collected_static(static_folder: None) -> None:
    """Static files under their hashed names, as pages ask for them."""
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        call_command("collectstatic", verbosity=0, interactive=False)


@pytest.fixture(autouse=True)
def no_domain_kept() -> None:
    """No test signs for another's contract."""
    from curation.ballots.typed import forget_domain

    forget_domain()


@pytest.fixture
def pages(collected_static, client):
    """A client for pages that load static files."""
    return client
