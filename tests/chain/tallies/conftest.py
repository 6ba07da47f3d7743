from __future__ import annotations

import pytest

from tests.chain.operating import chain, contracts, curation, gallery, keys_folder

from .jury import Jury

__all__ = ["chain", "contracts", "curation", "gallery", "keys_folder"]


@pytest.fixture
def jury(gallery) -> Jury:
    """Three members with a reputation who judge the gallery's pictures."""
    return Jury(gallery)
