"""Asking the demo wallet as a page of the site would."""

import json

from django.test import Client

ORIGIN = "http://testserver"


def post(body, client=None, *, origin=ORIGIN, kind="application/json", **headers):
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return (client or Client()).post(
        "/demo-wallet/rpc", text, content_type=kind, headers={"origin": origin} | headers
    )


def ask(method, *params, **more):
    response = post({"jsonrpc": "2.0", "id": 7, "method": method, "params": params} | more)
    assert response.status_code == 200
    answer = response.json()
    assert answer["id"] == more.get("id", 7)
    return answer


def refused(method, *params, code=None):
    error = ask(method, *params)["error"]
    assert code is None or error["code"] == code, error
    return error["message"]
