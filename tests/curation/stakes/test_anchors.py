import html
import json
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from chain.anchoring.services import gather_batch
from chain.merkle.tree import verify
from curation import rates
from curation.galleries.files import picture_name
from curation.galleries.services import close_round
from curation.models import Candidate
from curation.stakes.models import AnchoredBatch
from curation.stakes.selectors import UNDER_WAY, anchor_of
from tests.chain.anchoring.rounds import anchored, hang, put_on_chain, round_on_chain
from tests.factories import RoundFactory, publish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unspent_rates() -> None:
    rates._limiter().storage.reset()


@pytest.fixture
def hung() -> Candidate:
    """A candidate with its file among four others, gathered."""
    round_ = round_on_chain(4)
    candidate = publish(round_, 1)
    gather_batch(round_id=round_.pk)
    return candidate


def pass_deadline(candidate: Candidate, ago: timedelta) -> None:
    on_chain = candidate.round.on_chain
    on_chain.anchor_deadline = timezone.now() - ago
    on_chain.save()


def proof_of(client: Client, candidate: Candidate) -> dict:
    answer = client.get(f"/api/v1/candidates/{candidate.digest}/proof")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_round_that_is_not_on_the_chain_has_no_anchors(pages) -> None:
    candidate = publish(RoundFactory(), 1)
    assert anchor_of(candidate) is None
    assert pages.get(f"/api/v1/candidates/{candidate.digest}/proof").status_code == 404
    assert "On the chain" not in pages.get(candidate.get_absolute_url()).text


def test_a_candidate_waits_then_is_gathered_then_anchored(pages) -> None:
    round_ = round_on_chain(4)
    candidate = publish(round_, 1)
    assert anchor_of(candidate).state == "waiting"
    assert "It waits for others" in pages.get(candidate.get_absolute_url()).text
    batch = gather_batch(round_id=round_.pk)
    gathered = anchor_of(candidate)
    assert (gathered.state, gathered.root, gathered.count) == ("gathered", batch.root, 5)
    assert (gathered.index, gathered.tx_hash, gathered.block_number) == (None, "", None)
    assert "on its way to the chain" in pages.get(candidate.get_absolute_url()).text
    anchored(batch, index=3)
    found = anchor_of(candidate)
    assert (found.state, found.index, found.tx_hash) == ("anchored", 3, "7a" * 32)
    page = pages.get(candidate.get_absolute_url()).text
    assert all(part in page for part in (batch.root, "7a" * 32, "block 1234", *found.proof))


def test_a_reorg_that_takes_the_batch_back_shows(hung) -> None:
    row = anchored(hung.anchor.batch)
    assert anchor_of(hung).state == "anchored"
    row.delete()
    assert anchor_of(hung).state == "gathered"


def test_a_root_that_was_anchored_twice_is_shown_at_its_first_place(hung) -> None:
    anchored(hung.anchor.batch, index=4, tx_hash="4b" * 32)
    anchored(hung.anchor.batch, index=2, tx_hash="2b" * 32)
    assert (anchor_of(hung).index, anchor_of(hung).tx_hash) == (2, "2b" * 32)


def test_what_came_too_late_says_so(hung, pages) -> None:
    [late] = hang(hung.round, 1)
    pass_deadline(hung, timedelta(seconds=1))
    assert anchor_of(late).state == "missed"
    assert anchor_of(hung).state == "gathered"  # its transaction may not have been read back yet
    pass_deadline(hung, UNDER_WAY)
    assert anchor_of(hung).state == "missed"
    assert "Too late" in pages.get(hung.get_absolute_url()).text
    anchored(hung.anchor.batch)
    assert anchor_of(hung).state == "anchored"


@pytest.mark.parametrize("state", ["proposed", "settled", "refundable"])
def test_a_round_past_anchoring_leaves_nothing_waiting(hung, state) -> None:
    hung.round.on_chain.state = state
    hung.round.on_chain.save()
    assert anchor_of(hung).state == "missed"
    anchored(hung.anchor.batch)
    assert anchor_of(hung).state == "anchored"


def test_the_proof_comes_as_json_and_verifies(hung, client) -> None:
    anchored(hung.anchor.batch)
    said = proof_of(client, hung)
    assert (said["state"], said["round"], said["index"]) == ("anchored", hung.round_id, 0)
    assert (said["count"], said["block_number"], said["tx_hash"]) == (5, 1234, "7a" * 32)
    proof = [bytes.fromhex(sibling) for sibling in said["proof"]]
    assert verify(bytes.fromhex(said["root"]), bytes.fromhex(said["digest"]), proof)


def test_the_proof_tells_nothing_that_is_sealed(hung, client) -> None:
    anchored(hung.anchor.batch, uri="https://example.org/sealed-version")
    text = json.dumps(proof_of(client, hung))
    assert not [name for name in Candidate.SEALED if str(getattr(hung, name)) in text]


def test_hidden_candidates_show_no_proof(hung, client) -> None:
    Candidate.objects.update(status=Candidate.Status.HIDDEN)
    assert client.get(f"/api/v1/candidates/{hung.digest}/proof").status_code == 404


def test_a_proof_stays_when_the_round_is_closed(hung, client) -> None:
    anchored(hung.anchor.batch)
    close_round(round_=hung.round)
    assert proof_of(client, hung)["state"] == "anchored"


def test_the_batch_of_one_says_why_its_proof_is_empty(pages) -> None:
    round_ = RoundFactory()
    put_on_chain(round_)
    candidate = publish(round_, 1)
    gather_batch(round_id=round_.pk)
    assert "holds this picture alone" in pages.get(candidate.get_absolute_url()).text


def snippet_prints(folder, page: str) -> str:
    """What the program on the page prints when it is run as the page says."""
    [program] = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
    command = [sys.executable, "-c", html.unescape(program)]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.strip()


def test_the_program_on_the_page_prints_the_root_and_another_for_other_bytes(
    hung, pages, tmp_path
) -> None:
    page = pages.get(hung.get_absolute_url()).text
    links = dict(re.findall(r'<a href="([^"]*)" download="(\w+\.\w+)"', page))
    for address, name in links.items():
        answer = pages.get(address)
        body = b"".join(answer) if answer.streaming else answer.content
        (tmp_path / name).write_bytes(body)
    assert sorted(links.values()) == ["picture.png", "proof.json"]
    with default_storage.open(picture_name(hung.digest)) as file:
        assert (tmp_path / "picture.png").read_bytes() == file.read()
    assert snippet_prints(tmp_path, page) == hung.anchor.batch.root
    with (tmp_path / "picture.png").open("ab") as picture:
        picture.write(b"\0")
    assert snippet_prints(tmp_path, page) != hung.anchor.batch.root


def test_the_page_asks_the_database_no_more_the_larger_the_batch(
    pages, django_assert_max_num_queries
) -> None:
    round_ = round_on_chain(300)
    candidate = publish(round_, 1)
    anchored(gather_batch(round_id=round_.pk))
    with django_assert_max_num_queries(3):
        assert len(anchor_of(candidate).proof) in (8, 9)
    assert AnchoredBatch.objects.count() == 1
