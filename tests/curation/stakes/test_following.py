"""What a page says became of a transaction, from what nodes say; its script runs in Node.js."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from project.env import BASE

STAKE = {"hash": "0x" + "ab" * 32, "to": "0xAb", "data": "0x01", "state": "sent", "nonce": 3}
JUDGE = """
import { judge } from "./static/js/wallet/transactions.js";
const [before, site] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(judge(before, site, null, 1000)));
"""


def judged(site: dict[str, Any]) -> dict[str, Any]:
    before = STAKE | {"doing": "Stake 5 SALON", "sentAt": 0, "knownAt": 0, "changedAt": 0}
    done = subprocess.run(
        ["node", "--input-type=module", "-e", JUDGE, json.dumps([before, site])],
        capture_output=True,
        text=True,
        check=True,
        cwd=BASE,
    )
    return json.loads(done.stdout)


def replaced(successor: dict[str, str] | None) -> dict[str, Any]:
    return judged({"state": "replaced", "nonce": 3, "successor": successor})


def test_what_did_the_same_is_followed_in_its_place():
    found = replaced({"hash": "cd" * 32, "to": "0xaB", "data": "0x01"})
    assert (found["hash"], found["state"]) == ("0x" + "cd" * 32, "sent")


def test_what_did_something_else_was_not_done():
    found = replaced({"hash": "cd" * 32, "to": "0xab", "data": "0x02"})
    assert (found["hash"], found["state"]) == (STAKE["hash"], "replaced")
    assert "this was not done" in found["words"]


def test_nobody_is_told_that_a_stake_was_not_done_when_that_cannot_be_known():
    found = replaced(None)
    assert found["state"] == "replaced"
    assert "not done" not in found["words"]
    assert "before you do it again" in found["words"]
