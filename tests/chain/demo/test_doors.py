"""Who finds the demo wallet: pages of this site, on this machine, where the chain is our own."""

import json
from importlib import reload

import pytest
from django.test import Client
from django.urls import clear_url_caches

from chain.demo.members import DEMO_ADDRESSES

from .asking import ORIGIN, post


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "https://testserver"},
        {"origin": "http://testserver:8545"},
        {"origin": ""},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
        {"origin": ORIGIN, "sec-fetch-site": "none"},
    ],
)
def test_other_origins_are_refused(demo, headers):
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    assert post(body, **headers).status_code == 403
    assert post(body, **{"sec-fetch-site": "same-origin"}).status_code == 200


def test_missing_origin_is_refused(demo):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    response = Client().post("/demo-wallet/rpc", body, content_type="application/json")
    assert response.status_code == 403


def test_call_without_the_page_s_token_is_refused(demo, collected_static):
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    client = Client(enforce_csrf_checks=True)
    assert post(body, client).status_code == 403
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert post(body, client, **{"x-csrftoken": token}).json()["result"] == "0x7a69"


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via"]
)
def test_threat_33_behind_a_proxy_there_is_no_demo_wallet(demo, header):
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    assert post(body, **{header: "127.0.0.1"}).status_code == 404


@pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.5", "2001:db8::1", "", "unix"])
def test_threat_33_other_machines_find_no_demo_wallet(demo, address):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    response = Client(REMOTE_ADDR=address).post(
        "/demo-wallet/rpc", body, content_type="application/json", headers={"origin": ORIGIN}
    )
    assert response.status_code == 404


def test_threat_33_without_the_setting_the_view_is_not_there(demo, settings):
    settings.DEMO_WALLET = False
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    assert post(body).status_code == 404


@pytest.mark.parametrize("exists", [True, False])
def test_threat_33_address_exists_with_the_setting_only(settings, exists):
    from django.urls import Resolver404, resolve

    import project.urls

    settings.DEMO_WALLET = exists
    try:
        reload_urls(project.urls)
        if exists:
            assert resolve("/demo-wallet/rpc").url_name == "demo-wallet-rpc"
        else:
            with pytest.raises(Resolver404):
                resolve("/demo-wallet/rpc")
    finally:
        settings.DEMO_WALLET = False
        reload_urls(project.urls)


def reload_urls(module) -> None:
    from django.urls import converters

    converters.REGISTERED_CONVERTERS.pop("digest", None)
    reload(module)
    clear_url_caches()


def test_threat_33_templates_learn_of_the_members_with_the_setting_only(demo, settings, rf):
    from chain.demo.context import wallet

    there = wallet(rf.get("/"))
    assert [m["address"].lower() in DEMO_ADDRESSES for m in there["demo_members"]] == [True] * 10
    assert there["chain"]["id_hex"] == "0x7a69"
    settings.DEMO_WALLET = False
    assert wallet(rf.get("/"))["demo_members"] == []
