"""The digest that is signed, against eth-account's own reading of EIP-712."""

from __future__ import annotations

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from curation.ballots.typed import BallotFields, Domain, ballot_digest, site_domain
from tests.voters import CONTRACT, deploy, typed_data

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
words = st.integers(0, 2**256 - 1) | st.integers(0, 300)
ballots = st.builds(
    BallotFields,
    voter=addresses,
    round=words,
    chosen=hashes,
    rejected=hashes,
    outcome=st.integers(0, 255),
    nonce=words,
    issued_at=words,
)
domains = st.builds(Domain, words, addresses)


@given(ballots, domains)
def test_digest_is_the_one_that_eth_account_computes(fields, domain) -> None:
    signable = encode_typed_data(full_message=typed_data(fields, domain))
    assert ballot_digest(fields, domain) == _hash_eip191_message(signable)


@given(ballots, domains, ballots, domains)
def test_digests_differ_where_ballots_or_domains_do(one, here, other, there) -> None:
    same = (one, here) == (other, there)
    assert (ballot_digest(one, here) == ballot_digest(other, there)) is same


@given(ballots)
def test_a_pair_is_the_same_whichever_was_chosen(fields) -> None:
    assert sorted((fields.chosen, fields.rejected)) == [fields.low, fields.high]


@pytest.mark.parametrize("number", [-1, 2**256])
def test_a_number_that_is_no_word_has_no_digest(number) -> None:
    fields = BallotFields(
        voter=CONTRACT,
        round=1,
        chosen="00" * 32,
        rejected="11" * 32,
        outcome=0,
        nonce=number,
        issued_at=0,
    )
    with pytest.raises(OverflowError):
        ballot_digest(fields, Domain(1, CONTRACT))


@pytest.mark.django_db
def test_domain_is_where_the_contract_was_deployed(settings) -> None:
    assert site_domain() is None
    deploy()
    assert site_domain() == Domain(settings.CHAIN_ID, CONTRACT)
    settings.CHAIN_ID = 1  # the contract on another chain is another one
    assert site_domain() is None
