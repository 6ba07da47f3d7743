"""The walk of a stake on a fresh start: faucet, stake, votes, result, reward; real processes run.

Only time is shortened: the chain's clock is moved on, and the round is closed by hand. What the
tests among the pairs are is read from the database; the voters answer as careful people would.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from project.env import BASE, embedded_urls
from project.stack.chain import chain_environment
from tests.browser.chromium import Visitor

from .conftest import Salon
from .programs import Program

pytestmark = pytest.mark.browser
ANCHORED_MS = 240_000  # eight pictures, or one and a minute; on a busy machine drawing is slow
SOON_MS = 60_000
ENOUGH = 3  # votes of a voter on the picture
GOLD = """
    SELECT low, high, expected FROM curation_servedpair
    WHERE round_id = %s AND kind = 'gold'
"""
CLOSE = """
import django; django.setup()
from curation.galleries.services import close_round
from curation.models import Round
close_round(round_=Round.objects.get(pk={round_id}))
"""


def manage(salon: Salon, *command: str) -> str:
    """What a command of the site says."""
    data = Path(salon.env["SALON_DATA"])
    env = salon.env | embedded_urls(data) | chain_environment(int(salon.env["CHAIN_PORT"]))
    env |= {"SITE_URL": salon.url, "DJANGO_SETTINGS_MODULE": "project.settings"}
    env["PYTHONPATH"] = str(BASE)
    done = subprocess.run(
        [sys.executable, *command], cwd=BASE, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask_chain(salon: Salon, method: str, *params: object) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    url = f"http://127.0.0.1:{salon.env['CHAIN_PORT']}"
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return json.load(answer)["result"]


def go_on(salon: Salon, seconds: int) -> None:
    """Let the chain's time pass; a few blocks make what was final before it final after it."""
    ask_chain(salon, "evm_increaseTime", seconds)
    ask_chain(salon, "anvil_mine", hex(4))


def known_answers(salon: Salon, round_id: int) -> dict[tuple[str, str], str]:
    """What a careful look chooses in the pairs that test it."""
    with psycopg.connect(embedded_urls(Path(salon.env["SALON_DATA"]))["DATABASE_URL"]) as database:
        rows = database.execute(GOLD, [round_id]).fetchall()
    return {(low, high): expected for low, high, expected in rows}


def judge(salon: Salon, round_id: int, favourite: str) -> Program:
    """Let two members vote until each has preferred a picture to a few others; one of them."""
    voters = [Program(salon.url) for _ in range(2)]
    for voter in voters:
        voter.sign_in()
    met = dict.fromkeys(voters, 0)
    deadline = time.monotonic() + 120
    while min(met.values()) < ENOUGH and time.monotonic() < deadline:
        for voter in voters:
            served = voter.pairs(round_id)
            known = known_answers(salon, round_id)
            met[voter] += voter.vote(round_id, served, favourite=favourite, known=known)
        time.sleep(0.2)
    return voters[0]


def wait_for(salon: Salon, program: Program, path: str, is_there: Any) -> Any:
    """What an endpoint answers once it is there; blocks go by meanwhile."""
    deadline = time.monotonic() + SOON_MS / 1000
    while not is_there(found := program.ask(path)):
        assert time.monotonic() < deadline, found
        ask_chain(salon, "anvil_mine", hex(1))
        time.sleep(0.5)
    return found[1]


def sign_in(visit: Visitor) -> Page:
    page = visit("/")
    page.click("a[data-sign-in]")
    page.click("[data-demo] >> nth=2")
    expect(page.locator(".member-chip")).to_be_visible()
    return page


def open_oldest(page: Page) -> None:
    """Open the picture that has hung for longest: it is anchored first."""
    page.goto("/")
    for _ in range(120):
        if page.locator(".wall > .card:not(.easel) a").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    hung = page.locator(".card:not(.easel)")
    page.locator(".wall", has=hung).first.locator(".card:not(.easel) a").last.click()
    expect(page).to_have_url(re.compile(r"/candidates/[0-9a-f]{64}/$"))


def test_a_stake_is_made_seen_elsewhere_rewarded_and_taken_out(salon, browser) -> None:
    salon.wait_ready(timeout_s=180)
    visit = Visitor(browser, salon.url)
    page = sign_in(visit)
    open_oldest(page)
    digest = re.search(r"[0-9a-f]{64}", page.url)[0]
    faucet = page.locator("[data-stakes=faucet]")
    expect(faucet).to_be_visible(timeout=ANCHORED_MS)
    faucet.click()
    amount = page.locator("#stake-amount")
    expect(amount).to_be_visible(timeout=SOON_MS)
    round_id = page.locator("form[data-stakes=stake]").get_attribute("data-round")

    other = visit(f"/rounds/{round_id}/")
    expect(other.locator("[data-live-dot]").first).to_have_attribute("data-state", "live")
    amount.fill("40")
    page.click("[data-submit]")
    card = other.locator(f"#stake-{digest[:16]}")
    expect(card).to_have_text("40 SALON staked", timeout=SOON_MS)
    expect(page.locator(".stakes-sum")).to_contain_text("all yours", timeout=SOON_MS)

    page.goto(f"/rounds/{round_id}/")
    page.click(".fund summary")
    page.fill("[data-stakes=fund] input", "15")
    page.click("[data-stakes=fund] button[type=submit]")
    expect(page.locator(".pool-title")).to_have_text("15 SALON in the pool", timeout=SOON_MS)

    staked_s = salon.since_start_s()
    program = judge(salon, int(round_id), digest)
    judged_s = salon.since_start_s() - staked_s
    go_on(salon, 3700)
    manage(salon, "-c", CLOSE.format(round_id=round_id))
    closed_s = salon.since_start_s()
    result = wait_for(salon, program, f"rounds/{round_id}/standings", lambda a: a[0] == 200)
    counted_s = salon.since_start_s() - closed_s
    first = result["items"][0]
    assert (first["candidate"], first["share_bps"] >= 6000) == (digest, True), result
    assert result["ballots_root"]
    stakes = f"rounds/{round_id}/stakes"
    proposed = wait_for(salon, program, stakes, lambda a: a[1]["phase"] == "proposed")
    assert proposed["winners"][0]["candidate"] == digest
    go_on(salon, 600)
    reward = f"{15 * first['share_bps'] / 10_000:g}"
    page.goto("/stakes/")
    take = page.get_by_role("button", name=f"Take out {40 + float(reward):g}")
    expect(take).to_be_visible(timeout=SOON_MS)
    take.click()
    expect(page.locator("#holdings")).to_contain_text(
        f"Taken out with a reward of {reward}", timeout=SOON_MS
    )
    print(
        f"\nstaked {staked_s:.0f} s after the start, judged in {judged_s:.0f} s, "
        f"{result['counted']} ballots counted {counted_s:.1f} s after the close, "
        f"taken out after {salon.since_start_s():.0f} s in all"
    )
    visit.leave()
    assert visit.problems == []
    assert salon.stop() == 0
