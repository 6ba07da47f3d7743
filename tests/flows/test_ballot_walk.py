"""The walk of a jury's votes on a fresh start: ten pairs by keys, the close, the result, a recount.

Only time is shortened: the chain's clock is moved on, and the round is closed by hand.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from project.env import BASE
from tests.browser.chromium import Visitor
from tests.browser.judging import PAIR, hung

from .conftest import Salon
from .test_staking_walk import CLOSE, ask_chain, go_on, known_answers, manage, sign_in

pytestmark = pytest.mark.browser
PAIRS = 10
DRAWN_MS = 300_000  # pairs come as pictures do; on a busy machine drawing is slow
SOON_MS = 90_000


def open_pair_view(page: Page) -> int:
    """From the first page to the pairs of the first round; its number."""
    page.goto("/")
    for _ in range(120):
        if page.locator(".judge-link").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    page.locator(".judge-link").first.click()
    expect(page).to_have_url(re.compile(r"/rounds/\d+/judge/$"))
    return int(re.search(r"/rounds/(\d+)/", page.url)[1])


def careful_key(salon: Salon, round_id: int, pair: tuple[str, str]) -> str:
    """The key for a pair: what a careful look chooses where that is known, else by digest."""
    wanted = known_answers(salon, round_id).get(tuple(sorted(pair)), min(pair))
    return "ArrowLeft" if wanted == pair[0] else "ArrowRight"


def judge_ten(salon: Salon, page: Page, round_id: int) -> None:
    for number in range(1, PAIRS + 1):
        expect(page.locator(PAIR)).to_be_visible(timeout=DRAWN_MS)
        page.keyboard.press(careful_key(salon, round_id, hung(page)))
        expect(page.locator("[data-part=count]")).to_contain_text(f"{number} judged")
    expect(page.locator("[data-part=said]")).to_have_text("")


def wait_votes(page: Page) -> None:
    """The page of one's votes lists all ten: what was not sent yet is sent from there."""
    for _ in range(SOON_MS // 500):
        page.goto("/votes/")
        if page.locator(".vote-list li").count() == PAIRS:
            return
        page.wait_for_timeout(500)
    pytest.fail(page.locator("main").inner_text())


def wait_result(salon: Salon, page: Page) -> None:
    """Blocks go by until the page turns over to the result by itself."""
    page.get_by_role("link", name="To the result").click()
    for _ in range(SOON_MS // 500):
        if page.locator("#ranking-title").count():
            return
        ask_chain(salon, "anvil_mine", hex(1))
        page.wait_for_timeout(500)
    pytest.fail(page.locator("main").inner_text())


def recount(bundle: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What the program that shares no code with the site says."""
    command = [sys.executable, str(BASE / "verify_round.py"), str(bundle), *options]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


def test_ten_pairs_are_judged_by_keys_counted_and_counted_again(salon, browser, tmp_path) -> None:
    salon.wait_ready(timeout_s=180)
    visit = Visitor(browser, salon.url)
    page = sign_in(visit)
    prompts: list[str] = []

    def heard(request: Request) -> None:
        if request.url.endswith("/demo-wallet/rpc"):
            prompts.append(request.post_data_json["method"])

    page.on("request", heard)
    round_id = open_pair_view(page)
    judge_ten(salon, page, round_id)
    judged_s = salon.since_start_s()
    assert not {"personal_sign", "eth_signTypedData_v4"} & set(prompts)

    wait_votes(page)  # the last one was cast a moment ago
    expect(page.locator(".vote-list")).to_contain_text("Sealed until the round has closed.")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download them all").click()
    receipts = tmp_path / "receipts.json"
    saved.value.save_as(receipts)
    assert len(json.loads(receipts.read_text())) == PAIRS

    page.goto(f"/rounds/{round_id}/judge/")
    expect(page.locator("[data-state], [data-judge]").first).to_be_attached()
    go_on(salon, 3700)
    manage(salon, "-c", CLOSE.format(round_id=round_id))
    closed = page.get_by_role("heading", name="This round has closed")
    expect(closed).to_be_visible(timeout=SOON_MS)
    closed_s = salon.since_start_s()
    wait_result(salon, page)
    counted_s = salon.since_start_s() - closed_s
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the bundle").click()
    bundle = tmp_path / "bundle.json"
    saved.value.save_as(bundle)

    node = f"http://127.0.0.1:{salon.env['CHAIN_PORT']}"
    for options in (["--receipt", str(receipts)], ["--rpc", node]):
        said = recount(bundle, *options)
        assert said.returncode == 0, said.stdout + said.stderr
        assert said.stdout.rstrip().endswith("equal"), said.stdout
    changed = json.loads(bundle.read_text())
    changed["ballots"].pop()
    other = tmp_path / "changed.json"
    other.write_text(json.dumps(changed))
    assert recount(other).returncode == 1

    page.goto("/votes/")
    expect(page.locator(".vote-list")).not_to_contain_text("Sealed")
    print(
        f"\nten pairs judged {judged_s:.0f} s after the start, "
        f"counted {counted_s:.1f} s after the close"
    )
    visit.leave()
    assert visit.problems == []
    assert salon.stop() == 0
