"""Signing in over HTTP against the bare library call on the same messages, one by one in turn.

Over HTTP it is the POST of a signed message to the running web process: guards, rate limits in
Valkey, strict parsing, signature, one durable transaction, session. Bare it is parsing and strict
verification by signinwithethereum in this process, which keeps nothing. Each sign-in comes from
another client address, so that no limit is met.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from http.client import HTTPConnection

from benchmarks import harness
from benchmarks.harness import Row, percentile
from project.stack.preflight import free_port


class Visitor:
    """A script that signs in: one connection, its own cookie and client address."""

    def __init__(self, port: int, number: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": f"198.18.{number // 250}.{number % 250 + 1}",
        }

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        """One request; the cookie is kept."""
        said = None if body is None else json.dumps(body)
        self.connection.request(method, f"/api/v1/{path}", said, self.headers)
        answer = self.connection.getresponse()
        if cookie := answer.getheader("Set-Cookie"):
            self.headers["Cookie"] = cookie.split(";")[0]
        return answer.status, json.loads(answer.read())


def over_http(port: int, number: int, account: object) -> tuple[float, str, str]:
    """Milliseconds of the sign-in, the message, the signature."""
    from eth_account.messages import encode_defunct

    visitor = Visitor(port, number)
    status, asked = visitor.ask("POST", "sign-in-message", {"address": account.address})
    assert status == 200, asked
    message = asked["message"]
    signature = "0x" + account.sign_message(encode_defunct(text=message)).signature.hex()
    began = time.perf_counter()
    status, answer = visitor.ask("POST", "sign-in", {"message": message, "signature": signature})
    took_ms = (time.perf_counter() - began) * 1000
    assert (status, answer) == (200, {"address": account.address}), answer
    visitor.connection.close()
    return took_ms, message, signature


def bare(site: str, chain_id: int, message: str, signature: str) -> float:
    """Milliseconds of the library's strict verification."""
    from siwe import SiweMessage

    began = time.perf_counter()
    parsed = SiweMessage.from_message(message, abnf=True)
    parsed.verify(
        signature,
        scheme="http",
        domain=site.removeprefix("http://"),
        uri=site,
        chain_id=chain_id,
        nonce=parsed.nonce,
        strict=True,
    )
    return (time.perf_counter() - began) * 1000


def measure(quick: bool) -> Sequence[Row]:
    """Sign in a few hundred accounts."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    wanted = 40 if quick else 300
    with harness.salon(PORT=str(port), SITE_URL=site, PROXY_COUNT="1") as data:
        from django.conf import settings
        from eth_account import Account

        log = data / "web.log"
        with harness.process(harness.site_process("web"), log=log):
            ready = Visitor(port, 0)
            harness.wait_until(
                lambda: answers(ready), what="the web process", timeout_s=60, every_s=0.2
            )
            ours, theirs = [], []
            for number in range(wanted + 10):
                took_ms, message, signature = over_http(port, number, Account.create())
                alone_ms = bare(site, settings.CHAIN_ID, message, signature)
                if number >= 10:  # the first ones warm caches and connections on both sides
                    ours.append(took_ms)
                    theirs.append(alone_ms)
    ratio = percentile(ours, 0.95) / percentile(theirs, 0.95)
    details = (
        f"p95 {percentile(ours, 0.95):.1f} ÷ {percentile(theirs, 0.95):.1f} ms, "
        f"median {percentile(ours, 0.5):.1f} ÷ {percentile(theirs, 0.5):.1f} ms, {wanted} sign-ins"
    )
    return [Row("sign-in", f"{ratio:.2f}", "≤ 2", details)]


def answers(visitor: Visitor) -> bool:
    """Whether the API answers yet."""
    try:
        return visitor.ask("GET", "nonce")[0] == 200
    except OSError:
        visitor.connection.close()
        return False


if __name__ == "__main__":
    harness.main(measure, __doc__)
