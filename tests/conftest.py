"""What tests of several apps need."""

from __future__ import annotations

import gc
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from xdist.scheduler import LoadScopeScheduling

# Tests that share a site which takes long to start, or run whole stacks: one at a time.
TOGETHER = {
    "tests/browser/test_[a-l]": "browser, first half",
    "tests/browser/": "browser, second half",
    "tests/flows/": "stacks",
    "tests/faults/": "stacks",
}
# What takes longest, longest first, so that no worker begins it when the others have nothing left.
LONG = (
    "browser, first half",
    "browser, second half",
    "tests/chain/test_contracts.py",
    "tests/curation/test_tally_sealing.py",
    "tests/generation/learning/test_faults.py",
    "tests/curation/pairs/test_serving.py",
    "tests/curation/accounts/test_messages.py",
    "tests/project/test_commands.py",
    "tests/generation/learning/test_training.py",
    "tests/generation/training/test_slices.py",
    "tests/chain/test_compile.py",
    "tests/project/stack/test_supervisor.py",
    "tests/project/simulation/test_tastes.py",
    "tests/chain/indexer/test_reorgs.py",
    "stacks",  # by now the browser's tests are over, which suffer beside it
)


class Together(LoadScopeScheduling):
    """Shares tests out to workers file by file, and some folders as one; the longest first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return next((name for start, name in TOGETHER.items() if re.match(start, file)), file)

    def _assign_work_unit(self, node: Any) -> None:
        if first := next(filter(self.workqueue.__contains__, LONG), None):
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def pytest_collection_finish() -> None:
    """Let collecting garbage pass by what was imported: it stays, and there is a lot of it."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """How `-n` shares tests out; xdist's own groups do not work with this pytest."""
    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def static_folder(data_folder: Path) -> None:
    """Where static files are looked for, though most tests ask for none.

    Looked for when asked for: otherwise every test's client lists some five hundred of them first.
    """
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    settings.WHITENOISE_AUTOREFRESH = True


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
