"""What templates know of the chain and of the demo wallet."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from chain.demo.members import DEMO_MEMBERS


def wallet(request: HttpRequest) -> dict[str, Any]:
    """`chain`: what a wallet needs to add it; `demo_members`: empty unless it is the demo's."""
    members = DEMO_MEMBERS if settings.DEMO_WALLET else ()
    return {
        "demo_members": [{"name": m.name, "address": m.address} for m in members],
        "chain": {
            "id": settings.CHAIN_ID,
            "id_hex": hex(settings.CHAIN_ID),
            "name": settings.CHAIN_NAME,
            "rpc_url": settings.PUBLIC_RPC_URL,
        },
    }
