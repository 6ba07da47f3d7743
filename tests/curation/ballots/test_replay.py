"""A signature is good for one ballot: one chain, contract, round, voter and nonce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from curation.ballots.typed import BallotFields, Domain, SignedBallot
from curation.models import Ballot, Candidate
from tests.factories import RoundFactory
from tests.voters import CONTRACT, Voter, deploy, hang

AXES = ("chain", "contract", "round", "voter", "nonce")
OTHER_CONTRACT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
NOBODY_SIGNED = ((403, "signature-invalid"), (403, "key-signature-invalid"))
Sign = Callable[..., SignedBallot]


@pytest.fixture(params=["by_key", "by_wallet"])
def sign(request, voter) -> Sign:
    """Signs one way or the other."""
    return getattr(voter, request.param)


def on_chain_1() -> tuple[int, str]:
    return 1, CONTRACT


def elsewhere(axis: str, fields: BallotFields, domain: Domain) -> tuple[BallotFields, Domain]:
    """The same ballot for another chain, contract, round, voter or nonce."""
    if axis == "chain":
        return fields, replace(domain, chain_id=1)
    if axis == "contract":
        return fields, replace(domain, contract=OTHER_CONTRACT)
    changes = {
        "round": lambda: RoundFactory().pk,
        "voter": lambda: Voter(domain).wallet.address,
        "nonce": lambda: fields.nonce + 1,
    }
    return replace(fields, **{axis: changes[axis]()}), domain


@pytest.mark.parametrize("axis", AXES)
def test_threat_07_a_signature_made_for_another_place_is_refused_here(
    axis, sign, site, fields
) -> None:
    """Signed for chain 1, say, and presented as if it were for this one."""
    signed = sign(*elsewhere(axis, fields, deploy()))
    assert site.refused(replace(signed, fields=fields)) in NOBODY_SIGNED
    assert not Ballot.objects.exists()
    assert site.cast(sign(fields)).status_code == 201  # the one cell that passes


@pytest.mark.parametrize("axis", AXES)
def test_threat_07_an_accepted_ballot_is_good_nowhere_else(
    axis, sign, site, fields, settings
) -> None:
    """Accepted here, then presented as if it were for another place."""
    accepted = sign(fields)
    assert site.cast(accepted).status_code == 201
    if axis == "chain":
        settings.BALLOT_DOMAIN = f"{__name__}.on_chain_1"
    elif axis == "contract":
        deploy(OTHER_CONTRACT)
    there, _ = elsewhere(axis, fields, Domain(31337, CONTRACT))
    assert site.refused(replace(accepted, fields=there)) in NOBODY_SIGNED
    assert Ballot.objects.count() == 1


def test_threat_07_a_picture_of_another_round_is_not_in_this_one(site, voter, fields) -> None:
    """Even two that hang in some open round."""
    other = RoundFactory()
    digests = [candidate.digest for candidate in hang(other, 2)]
    strange = replace(fields, chosen=digests[0], rejected=digests[1])
    assert site.refused(voter.by_key(strange)) == (422, "pair-not-in-round")
    assert site.refused(voter.by_key(replace(fields, chosen=digests[0]))) == (
        422,
        "pair-not-in-round",
    )
    assert site.refused(voter.by_key(replace(fields, round=other.pk))) == (
        422,
        "pair-not-in-round",
    )


@pytest.mark.parametrize("name", ["chosen", "rejected", "outcome", "issued_at"])
def test_threat_07_what_was_signed_cannot_be_changed_afterwards(name, sign, site, fields) -> None:
    signed = sign(fields)
    others = list(Candidate.objects.exclude(digest__in=(fields.low, fields.high)))
    changes = {
        "chosen": others[0].digest,
        "rejected": others[1].digest,
        "outcome": 2,
        "issued_at": fields.issued_at - 1,
    }
    spoilt = replace(fields, **{name: changes[name]})
    assert site.refused(replace(signed, fields=spoilt)) in NOBODY_SIGNED
    swapped = replace(fields, chosen=fields.rejected, rejected=fields.chosen)
    assert site.refused(replace(signed, fields=swapped)) in NOBODY_SIGNED
    assert not Ballot.objects.exists()


def test_threat_07_the_key_of_one_voter_signs_for_no_other(site, voter, fields) -> None:
    """A ballot in a neighbour's name, properly signed with one's own delegated key."""
    neighbour = Voter(voter.domain)
    stolen = replace(fields, voter=neighbour.wallet.address)
    assert site.refused(voter.by_key(stolen)) == (403, "key-not-delegated")
    assert site.refused(voter.by_wallet(stolen)) == (403, "signature-invalid")
