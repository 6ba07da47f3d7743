from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.project.stack.helpers import eventually, members

from .station import PollingStation


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PollingStation]:
    made = PollingStation(tmp_path_factory.mktemp("polling").resolve())
    yield made
    groups = [service.popen.pid for service in (made.database, made.cache)]
    made.close()
    for group in groups:  # what this test starts, it ends
        eventually(lambda group=group: not members(group))
