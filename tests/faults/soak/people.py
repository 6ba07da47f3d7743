"""Who takes part in a soak: made in an empty site, before the load begins.

`python -m tests.faults.soak.roles people FILE MINUTES VOTERS`: makes voters whose browser keys may
sign for them, briefs whose rounds they judge, and the first pictures of the long round; what the
others have to know is written to FILE.
"""

from __future__ import annotations

import json
import math
import time
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from django.utils import timezone

from curation.accounts import messages
from curation.ballots.typed import site_domain
from curation.briefs.services import post_brief
from curation.models import Delegation, Member, Reputation, Round, ServedPair, SessionKey
from tests.factories import publish
from tests.wallets import BrowserKey, Wallet

SHORT_MINUTES = 2
HUNG = 24  # pictures of the long round that nobody has to wait for
SERVED = 40  # of their pairs, to each voter: ballots on these count
BY_HAND = "by hand "  # the prompts of these pictures begin so; no job made them
STARTS_WITHIN_S = 120


def main(path: Path, minutes: float, count: int) -> None:
    """Fill the site; the rounds are open and on the chain when this returns."""
    domain = site_domain()
    assert domain is not None, "the contracts are not deployed"
    voters = [_voter() for _ in range(count)]
    long = _open_rounds(minutes)
    digests = _hang(long)
    _serve(long, digests, [address for address, _ in voters])
    facts: dict[str, Any] = {
        "chain_id": domain.chain_id,
        "contract": domain.contract,
        "long": long,
        "voters": voters,
    }
    path.write_text(json.dumps(facts))


def _voter() -> tuple[str, int]:
    """A member with a trusted eye who delegated to a browser key: address, and the key's secret."""
    wallet, key = Wallet(), BrowserKey()
    member = Member.objects.create_user(wallet.address)
    now = timezone.now()
    composed = messages.compose(
        address=wallet.address, nonce="n0nce1234", did_key=key.did_key, now=now
    )
    text = composed.prepare_message()
    Delegation.objects.create(
        key=SessionKey.objects.create(did_key=key.did_key, member=member),
        message=text,
        signature=wallet.sign(text),
        proof=key.prove("n0nce1234"),
        kind=Delegation.Kind.EOA,
        issued_at=now,
        accepted_at=now + timedelta(seconds=2),
        expires_at=messages.instant(composed.expiration_time or ""),
    )
    Reputation.objects.create(member=member, gold_answered=10, gold_passed=10, value=0.9)
    return wallet.address, key.private.private_numbers().private_value


def _open_rounds(minutes: float) -> int:
    """Post the briefs and wait until their rounds are on the chain; the long round's id."""
    lasts = math.ceil(minutes) + 1
    long = post_brief(
        title="One long round",
        purpose="Stars.",
        rounds_planned=1,
        candidates_per_round=600,
        round_minutes=lasts,
    )
    short = post_brief(
        title="Many short rounds",
        purpose="Anchors.",
        rounds_planned=max(1, lasts // SHORT_MINUTES),
        candidates_per_round=24,
        round_minutes=SHORT_MINUTES,
    )
    end = time.monotonic() + STARTS_WITHIN_S
    rounds = Round.objects.filter(brief__in=(long, short), on_chain__isnull=False)
    while rounds.count() < 2:
        assert time.monotonic() < end, "the rounds did not open on the chain"
        time.sleep(0.5)
    return rounds.get(brief=long).pk


def _hang(round_id: int) -> list[str]:
    """Pictures with files, hung by the service itself; their digests."""
    round_ = Round.objects.get(pk=round_id)
    return [publish(round_, n, prompt=f"{BY_HAND}{n}").digest for n in range(HUNG)]


def _serve(round_id: int, digests: list[str], addresses: list[str]) -> None:
    """Note pairs of these pictures as shown to every voter."""
    pairs = list(combinations(sorted(digests), 2))
    known = dict(Member.objects.filter(address__in=addresses).values_list("address", "pk"))
    rows = [
        ServedPair(
            round_id=round_id,
            member_id=known[address],
            low=low,
            high=high,
            low_left=True,
            kind="preference",
            how="random",
        )
        for number, address in enumerate(addresses)
        for low, high in (pairs * 2)[number % len(pairs) :][:SERVED]
    ]
    ServedPair.objects.bulk_create(rows, batch_size=2000)
