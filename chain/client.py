"""Asks one JSON-RPC node of one chain; everything that reads the chain goes through here."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from typing import Any

import urllib3
from django.conf import settings
from urllib3.exceptions import HTTPError

from chain.connections import pool
from chain.errors import AddressForbidden, AnswerTooLarge, NodeRefused
from curation.accounts.wallets import NodeUnreachable

LARGEST_ANSWER = 1_000_000  # bytes
HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class Node:
    """A JSON-RPC node at a URL, said to be of a chain."""

    def __init__(
        self, url: str, *, chain_id: int, private: bool, largest_answer: int = LARGEST_ANSWER
    ) -> None:
        """`private`: it may have a loopback or private address. `largest_answer`: in bytes."""
        self.url = url
        self.chain_id = chain_id
        self.largest_answer = largest_answer
        self._pool = pool(private=private)
        self._numbers = itertools.count(1)

    def call(self, method: str, *params: object) -> Any:
        """The result of one call.

        Raises:
            NodeRefused: the node answered with an error.
            NodeUnreachable: it gave no answer of the right form in time.
        """
        request, number = self._request(method, params)
        return _result(_json(self._post(json.dumps(request).encode())), number)

    def batch(self, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The results of several calls, each (method, *params), asked for at once.

        Raises:
            NodeRefused: the node answered one of them, or so many, with an error.
            NodeUnreachable: as in `call`.
        """
        if len(calls) == 1:
            return [self.call(*calls[0])]
        asked = [self._request(method, params) for method, *params in calls]
        body = json.dumps([request for request, _ in asked]).encode()
        answers = _json(self._post(body))
        if not isinstance(answers, list):
            return [_result(answers, None)]
        found = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        return [_result(found.get(number), number) for _, number in asked]

    def _request(self, method: str, params: Sequence[object]) -> tuple[dict[str, object], int]:
        number = next(self._numbers)
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}, number

    def eth_call(
        self, *, data: bytes, to: str | None = None, gas: int, sender: str | None = None
    ) -> bytes:
        """What a call returns on the newest block; nothing is sent. Without `to`: creation code.

        Raises:
            NodeRefused: it reverted, or ran out of `gas`.
            NodeUnreachable: as in `call`.
        """
        request = {"data": "0x" + data.hex(), "gas": hex(gas)}
        request |= {"to": to} if to else {}
        request |= {"from": sender} if sender else {}
        return _bytes(self.call("eth_call", request, "latest"))

    def code_at(self, address: str) -> bytes:
        """An account's code on the newest block. Raises as `call` does."""
        return _bytes(self.call("eth_getCode", address, "latest"))

    def check_chain(self) -> None:
        """Raises NodeUnreachable when the node is of another chain than the site."""
        found = self.call("eth_chainId")
        if found != hex(self.chain_id):
            raise NodeUnreachable(f"The node is of chain {found!s:.20}, not {self.chain_id}.")

    def _post(self, body: bytes) -> bytes:
        try:
            answer = self._pool.request(
                "POST", self.url, body=body, headers=HEADERS, redirect=False, preload_content=False
            )
        except AddressForbidden:
            raise
        except (HTTPError, OSError, ValueError) as error:
            raise NodeUnreachable("The chain's node cannot be reached.") from error
        whole = False
        try:
            text = _read(answer, self.largest_answer)
            whole = True
        except (HTTPError, OSError, ValueError) as error:
            raise NodeUnreachable("The chain's node stopped in mid-answer.") from error
        finally:
            if whole:
                answer.release_conn()
            else:
                answer.close()
        said_why = answer.status >= 400 and text.startswith(b"{")  # a JSON-RPC error
        if answer.status != 200 and not said_why:
            raise NodeUnreachable(f"The chain's node answered with status {answer.status}.")
        return text


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NodeUnreachable("The chain's node answered something that is no JSON.") from error


def _result(answer: Any, number: int | None) -> Any:
    """What one answer holds; `number`: of its request, None when only an error would do.

    Raises:
        NodeRefused, NodeUnreachable: as in `Node.call`.
    """
    if not isinstance(answer, dict) or answer.get("id") not in (number, None):
        raise NodeUnreachable("The chain's node answered something else than was asked.")
    if isinstance(problem := answer.get("error"), dict):
        code = problem.get("code")
        raise NodeRefused(
            code if isinstance(code, int) else -32000,
            str(problem.get("message", ""))[:500],
            problem.get("data"),
        )
    if "result" not in answer or answer.get("id") is None:
        raise NodeUnreachable("The chain's node answered without a result.")
    return answer["result"]


def _read(answer: urllib3.BaseHTTPResponse, largest: int) -> bytes:
    """All of an answer, up to `largest` bytes.

    Raises:
        AnswerTooLarge: it goes on past what is taken, or is compressed, which could hide as much.
    """
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise AnswerTooLarge("The chain's node sent a compressed answer, which nobody asked for.")
    pieces, size = [], 0
    for piece in answer.stream(65_536, decode_content=False):
        pieces.append(piece)
        size += len(piece)
        if size > largest:
            raise AnswerTooLarge(f"The chain's node sent more than {largest:,} bytes.")
    return b"".join(pieces)


def _bytes(result: object) -> bytes:
    if not isinstance(result, str) or not result.startswith("0x"):
        raise NodeUnreachable("The chain's node answered something that is no hex.")
    try:
        return bytes.fromhex(result[2:])
    except ValueError as error:
        raise NodeUnreachable("The chain's node answered something that is no hex.") from error


@functools.lru_cache(maxsize=8)
def _node(url: str, chain_id: int, private: bool) -> Node:
    return Node(url, chain_id=chain_id, private=private)


def site_node() -> Node:
    """The node the settings name, with its connections kept."""
    return _node(settings.RPC_URL, settings.CHAIN_ID, settings.RPC_ALLOW_PRIVATE)
