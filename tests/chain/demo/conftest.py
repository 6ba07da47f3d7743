from types import ModuleType

import pytest
from django.urls import clear_url_caches, include, path

from .asking import ORIGIN


@pytest.fixture
def demo(settings) -> None:
    """A site that has the demo wallet."""
    urls = ModuleType("demo_site_urls")
    urls.urlpatterns = [path("", include("chain.demo.urls")), path("", include("project.urls"))]
    settings.DEMO_WALLET = True
    settings.ROOT_URLCONF = urls
    settings.SOCKET_ORIGINS = [ORIGIN]
    clear_url_caches()
    yield
    clear_url_caches()
