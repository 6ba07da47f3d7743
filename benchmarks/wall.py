"""p95 latency of a wall's pages in a round of 1,000,000 candidates ÷ in a round of 1,000.

Requests go through the whole of Django's stack in this process (test client: middleware, view,
queries to PostgreSQL, template). The first page and one from the middle of the wall, the two
rounds in turn; beside them, as the control, the same page by OFFSET.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.harness import Row, main, percentile, salon, say

PAGES = ("first", "deep", "offset")
_FILL = """
    INSERT INTO curation_candidate (
        digest, round_id, status, published_at, easel, agent, prompt, negative_prompt, primitives,
        seed, scheduler, steps, guidance, width, height, model_version, base_hash, adapter_hash,
        libraries, job_key, worker, timings, size_bytes
    )
    SELECT
        encode(sha256(('digest-' || %(round)s || '-' || i)::bytea), 'hex'), %(round)s, 'published',
        now(), substr(md5(%(round)s || '-' || i), 1, 16), 'Iris',
        'gold star on a navy shield, white background, ' || i, '', ARRAY['motif:star'],
        i, 'FlowMatchEulerDiscreteScheduler', 20, 3.0, 256, 256, 'emblems', repeat('a', 64), '',
        '{"torch": "2"}', encode(sha256(('job-' || %(round)s || '-' || i)::bytea), 'hex'),
        'bench:1:1', '{"drawn_s": 1.0}', 40000
    FROM generate_series(1, %(count)s) AS i
"""


def measure(quick: bool) -> list[Row]:
    """Fill two rounds and leaf through them in turn."""
    big, requests = (50_000, 60) if quick else (1_000_000, 400)
    with salon(SITE_URL="http://testserver"):
        rounds = {count: fill(count) for count in (1000, big)}
        urls = {
            (page, count): url(page, rounds[count], count) for page in PAGES for count in rounds
        }
        took_s = leaf_through(urls, requests)
    p95 = {key: percentile(values, 0.95) for key, values in took_s.items()}
    p50 = {key: statistics.median(values) for key, values in took_s.items()}
    ratio = {page: p95[page, big] / p95[page, 1000] for page in PAGES}

    def told(page: str) -> str:
        sides = (f"{1000 * p95[page, n]:.1f} ({1000 * p50[page, n]:.1f})" for n in (big, 1000))
        return f"{page} {ratio[page]:.2f} = {' ÷ '.join(sides)} ms"

    details = (
        f"{big:,} against 1,000 candidates, p95 (p50) of {requests} requests each: "
        + "; ".join(map(told, PAGES))
    )
    return [Row("wall", f"{max(ratio['first'], ratio['deep']):.2f}", "≤ 1.2", details)]


def fill(count: int) -> int:
    """An open round with that many candidates; its id."""
    from django.db import connection, transaction

    from curation.briefs.services import post_brief
    from curation.galleries.models import Round
    from curation.galleries.services import open_round

    round_ = open_round(brief=post_brief(title=f"Benchmark {count}", purpose="To be measured."))
    say(f"filling a round with {count:,} candidates …")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FILL, {"round": round_.pk, "count": count})
        Round.objects.filter(pk=round_.pk).update(candidates_count=count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE curation_candidate")
    return round_.pk


def url(page: str, round_id: int, count: int) -> str:
    """Where a page of a wall lies; `deep` and `offset` start after half the candidates."""
    from curation.models import Candidate

    if page == "first":
        return f"/rounds/{round_id}/"
    if page == "offset":
        return f"/offset/{round_id}/?skip={count // 2}"
    newest = Candidate.objects.filter(round_id=round_id).order_by("-pk").first()
    return f"/rounds/{round_id}/?after={newest.pk - count // 2 + 1}"


def leaf_through(urls: dict[tuple[str, int], str], requests: int) -> dict[tuple[str, int], list]:
    """Seconds each request took, the urls in turn."""
    from django.test import Client
    from django.test.utils import override_settings

    took_s: dict[tuple[str, int], list] = {key: [] for key in urls}
    with override_settings(ROOT_URLCONF="benchmarks.wall_urls"):
        client = Client()
        for number in range(-10, requests):  # the first ten warm caches and plans
            for key, path in urls.items():
                began = time.perf_counter()
                response = client.get(path)
                elapsed_s = time.perf_counter() - began
                if response.status_code != 200 or response.content.count(b'id="candidate-') != 24:
                    raise SystemExit(f"{path} answered {response.status_code} or not 24 pictures.")
                if number >= 0:
                    took_s[key].append(elapsed_s)
    return took_s


if __name__ == "__main__":
    main(measure, __doc__)
