"""The walk of a stake on a fresh start: faucet, stake, result, reward, with real processes beside.

Only time is shortened: the chain's clock is moved on, and the round is closed by hand.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from project.env import BASE, embedded_urls
from project.stack.chain import chain_environment
from tests.browser.chromium import Visitor

from .conftest import Salon

pytestmark = pytest.mark.browser
ANCHORED_MS = 240_000  # eight pictures, or one and a minute; on a busy machine drawing is slow
SOON_MS = 60_000
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
    page.locator(".wall").first.locator(".card:not(.easel) a").last.click()
    expect(page).to_have_url(re.compile(r"/candidates/[0-9a-f]{64}/$"))


def test_a_stake_is_made_seen_elsewhere_rewarded_and_taken_out(salon, browser) -> None:
    salon.wait_ready()
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

    go_on(salon, 3700)
    manage(salon, "-c", CLOSE.format(round_id=round_id))
    manage(salon, "manage.py", "propose_result", round_id, f"--winner={digest}:10000")
    go_on(salon, 600)
    page.goto("/stakes/")
    take = page.get_by_role("button", name="Take out 55")
    expect(take).to_be_visible(timeout=SOON_MS)
    take.click()
    expect(page.locator("#holdings")).to_contain_text(
        "Taken out with a reward of 15", timeout=SOON_MS
    )
    visit.leave()
    assert visit.problems == []
    assert salon.stop() == 0
