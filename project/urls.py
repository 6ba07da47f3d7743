"""Which page goes where."""

from django.urls import include, path, register_converter

from curation.briefs import views as briefs
from curation.galleries import views as galleries
from curation.live import views as live
from project import health
from project.api import api


class DigestConverter:
    """A SHA-256 in lower-case hex."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(DigestConverter, "digest")

urlpatterns = [
    path("", briefs.home, name="home"),
    path("briefs/<slug:slug>/", briefs.brief, name="brief"),
    path("rounds/<int:round_id>/", galleries.round_wall, name="round"),
    path("rounds/<int:round_id>/events", live.events, name="round-events"),
    path("candidates/<digest:digest>/", galleries.candidate, name="candidate"),
    path("media/pictures/<digest:digest>.png", galleries.picture, name="media-picture"),
    path("media/thumbnails/<digest:digest>.webp", galleries.thumbnail, name="media-thumbnail"),
    path("api/v1/", api.urls),
    path("favicon.ico", galleries.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("django_prometheus.urls")),
]

handler404 = "project.pages.not_found"
handler500 = "project.pages.broken"
handler400 = "project.pages.bad_request"
