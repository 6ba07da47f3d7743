import pytest

from chain.anchoring.sending import uri_of
from chain.anchoring.services import gather_batch
from chain.merkle.tree import MerkleTree, leaf_of
from curation.models import Candidate
from tests.factories import RoundFactory, publish


@pytest.fixture
def batch(db):
    round_ = RoundFactory()
    for number in range(5):
        publish(round_, number)
    return gather_batch(round_id=round_.pk)


def test_root_leads_to_the_digests_it_was_made_of(client, batch):
    answer = client.get(f"/api/v1/batches/{batch.root}").json()
    digests = [bytes.fromhex(digest) for digest in answer["digests"]]
    assert MerkleTree(digests).root.hex() == answer["root"] == batch.root
    assert (answer["round"], answer["count"]) == (batch.round_id, 5)
    assert digests == sorted(digests, key=leaf_of)


def test_candidate_that_was_hidden_since_keeps_its_place(client, batch):
    Candidate.objects.update(status="hidden")
    assert len(client.get(f"/api/v1/batches/{batch.root}").json()["digests"]) == 5


def test_anchored_uri_is_this_list(client, batch, settings):
    assert uri_of(batch).startswith(settings.SITE_URL)
    assert client.get(uri_of(batch).removeprefix(settings.SITE_URL)).status_code == 200


@pytest.mark.parametrize("root", ["ab" * 32, "xyz", "AB" * 32, "0x" + "ab" * 31])
def test_unknown_root_is_not_found(pages, db, root):
    assert pages.get(f"/api/v1/batches/{root}").status_code == 404
