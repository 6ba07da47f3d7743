"""p95 of asking for the next pair to judge ÷ p95 of one indexed query, in the same run.

A round of 1,000 candidates (five of each prompt) and 100,000 ballots on served pairs, with a pool
made from them. Requests go through the whole of Django's stack in this process (test client:
middleware, session, view, PostgreSQL, Redis), each for one pair that was not served before; in
turn with them, the bare query reads one member's newest served pair.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import time

from benchmarks.harness import Row, main, percentile, salon, say

_BARE = """
    SELECT low, high FROM curation_servedpair WHERE member_id = %s AND round_id = %s
    ORDER BY id DESC LIMIT 1
"""
EACH = 50  # pairs that every member judged


def measure(quick: bool) -> list[Row]:
    """Fill a round, then ask for pairs as many members in turn."""
    ballots, requests = (10_000, 100) if quick else (100_000, 1000)
    with salon(SITE_URL="http://testserver"):
        round_id, cast = fill(candidates=1000, members=ballots // EACH)
        pool_s = refresh(round_id)
        pair_s, bare_s = ask(round_id, requests)
    slow, bare = percentile(pair_s, 0.95), percentile(bare_s, 0.95)
    details = (
        f"next pair, 1,000 candidates and {cast:,} ballots, p95 (p50) of {requests} requests: "
        f"{1000 * slow:.1f} ({1000 * statistics.median(pair_s):.1f}) ms over HTTP ÷ "
        f"{1000 * bare:.2f} ({1000 * statistics.median(bare_s):.2f}) ms for one indexed query; "
        f"a worker made the pool in {pool_s:.1f} s"
    )
    return [Row("pairs", f"{slow / bare:.0f}", "none set", details)]


def fill(*, candidates: int, members: int) -> tuple[int, int]:
    """A round's id and how many ballots were cast in it."""
    from django.db import connection
    from django.utils import timezone

    from curation.briefs.services import post_brief
    from curation.galleries.models import Round
    from curation.galleries.services import open_round
    from curation.models import Ballot, Candidate, FrozenReputation, Member, ServedPair

    round_ = open_round(brief=post_brief(title="Benchmark", purpose="To be measured."))
    say(f"filling a round with {candidates:,} candidates and {members * EACH:,} ballots …")
    hung = [candidate(round_, number) for number in range(candidates)]
    Candidate.objects.bulk_create(hung)
    Round.objects.filter(pk=round_.pk).update(candidates_count=candidates)
    voters = Member.objects.bulk_create(
        [Member(address=f"0x{number + 1:040x}") for number in range(members)]
    )
    now = timezone.now()
    FrozenReputation.objects.bulk_create(
        [FrozenReputation(round=round_, member=v, value=0.8, frozen_at=now) for v in voters]
    )
    rng = random.Random(1)
    for start in range(0, members, 100):
        pairs = [pair for v in voters[start : start + 100] for pair in some(round_, v, hung, rng)]
        served = ServedPair.objects.bulk_create(pairs)
        Ballot.objects.bulk_create([ballot(pair) for pair in served])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return round_.pk, members * EACH


def candidate(round_, number: int):
    """A candidate without a file, five of each prompt."""
    from curation.models import Candidate

    return Candidate(
        digest=hashlib.sha256(f"picture {number}".encode()).hexdigest(),
        round=round_,
        easel=f"{number:016x}",
        agent="Iris",
        prompt=f"gold star on a navy shield, white background, {number // 5}",
        seed=number,
        scheduler="FlowMatchEulerDiscreteScheduler",
        steps=20,
        guidance=3.0,
        width=256,
        height=256,
        model_version="emblems",
        base_hash="a" * 64,
        job_key=f"{number:064x}",
        worker="bench:1:1",
        size_bytes=40_000,
    )


def some(round_, member, hung, rng: random.Random) -> list:
    """Different pairs that a member was served, half of them of one prompt."""
    from curation.models import ServedPair

    found: dict[tuple[str, str], None] = {}
    while len(found) < EACH:
        one = rng.randrange(len(hung))
        near, far = one - one % 5 + rng.randrange(5), rng.randrange(len(hung))
        other = near if len(found) % 2 else far
        if one != other:
            found[tuple(sorted((hung[one].digest, hung[other].digest)))] = None
    how = {"round": round_, "member": member, "kind": "preference", "how": "random"}
    return [ServedPair(low=low, high=high, low_left=True, **how) for low, high in found]


def ballot(pair):
    """A ballot on a served pair; nobody signed it."""
    from django.utils import timezone

    from curation.models import Ballot

    chosen, rejected = (pair.low, pair.high) if pair.pk % 3 else (pair.high, pair.low)
    return Ballot(
        digest=hashlib.sha256(f"ballot {pair.pk}".encode()).hexdigest(),
        round_id=pair.round_id,
        voter_id=pair.member_id,
        chosen=chosen,
        rejected=rejected,
        low=pair.low,
        high=pair.high,
        outcome=0,
        nonce=pair.pk,
        issued_at=0,
        signer="wallet",
        signature="ab" * 65,
        wallet_kind="eoa",
        pair=pair,
        accepted_at=timezone.now(),
    )


def refresh(round_id: int) -> float:
    """Make the round's pool; seconds it took."""
    from curation.pairs.pools import pool_of, refresh_pool

    began = time.perf_counter()
    refresh_pool(round_id=round_id)
    elapsed_s = time.perf_counter() - began
    if not pool_of(round_id).same_prompt:
        raise SystemExit("The pool is empty.")
    return elapsed_s


def ask(round_id: int, requests: int) -> tuple[list[float], list[float]]:
    """Seconds of each request for a new pair, and of each bare query between them."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from curation.models import Member, ServedPair

    path = f"/api/v1/rounds/{round_id}/pairs"
    settings.PAIRS_PER_ROUND = 1000
    members = list(Member.objects.order_by("pk")[:20])
    browsers = [(member, Client(), session_of(member)) for member in members]
    pair_s, bare_s = [], []
    for number in range(-40, requests):  # the first warm caches and plans
        member, browser, key = browsers[number % len(browsers)]
        browser.cookies[settings.SESSION_COOKIE_NAME] = key
        began = time.perf_counter()
        answer = browser.get(path, REMOTE_ADDR=f"10.0.{number % 20}.1")
        elapsed_s = time.perf_counter() - began
        if answer.status_code != 200 or len(answer.json()["pairs"]) != 1:
            raise SystemExit(f"Asking answered {answer.status_code}: {answer.content[:200]}")
        ballot(ServedPair.objects.get(member=member, ballots=None)).save()
        with connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute(_BARE, [member.pk, round_id])
            cursor.fetchone()
            bare = time.perf_counter() - began
        if number >= 0:
            pair_s.append(elapsed_s)
            bare_s.append(bare)
    return pair_s, bare_s


def session_of(member) -> str:
    """The key of a session of this member."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from curation.accounts.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = "curation.accounts.backends.AddressBackend"
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    main(measure, __doc__)
