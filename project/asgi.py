"""The ASGI entry point: pages over HTTP, live events over sockets of the same origin."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from project.env import EnvironmentInvalid

try:
    from django.core.asgi import get_asgi_application

    pages = get_asgi_application()
except EnvironmentInvalid as error:
    sys.exit(f"Salon cannot start:\n{error}")

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings

from project.one_thread import OneThreadHandler, by_path
from project.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": by_path({"/api/v1/ballots": OneThreadHandler()}, others=pages),
        "websocket": OriginValidator(URLRouter(websocket_urlpatterns), settings.SOCKET_ORIGINS),
    }
)
