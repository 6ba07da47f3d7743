"""Which socket goes where."""

from django.urls import path

from curation.live.consumers import RoundConsumer

websocket_urlpatterns = [path("ws/rounds/<int:round_id>/", RoundConsumer.as_asgi())]
