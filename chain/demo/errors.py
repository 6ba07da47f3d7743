"""What the demo wallet refuses, with EIP-1193's and JSON-RPC's numbers."""

from __future__ import annotations

from chain.errors import ChainError


class DemoRefused(ChainError):
    """The demo wallet does not do this."""

    code = -32600


class RequestMalformed(DemoRefused):
    """The body is no single JSON-RPC call."""


class MethodForbidden(DemoRefused):
    """The method is not on the list of what a demo wallet needs."""

    code = 4200


class ParametersForbidden(DemoRefused):
    """The method is on the list, but not with these parameters."""

    code = -32602


class NotADemoMember(DemoRefused):
    """Asked to sign or send for an address that is not one of the ten."""

    code = 4100
