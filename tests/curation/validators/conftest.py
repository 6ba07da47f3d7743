from __future__ import annotations

import pytest


@pytest.fixture
def no_classifier(settings):
    settings.SAFETY_CLASSIFIER = "none"
