"""Keeping what validators said."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from curation.galleries.models import Candidate
from curation.validators.hashes import Fingerprint
from curation.validators.models import PictureHash, ValidatorResult
from curation.validators.verdicts import Verdict, storable

Kind = ValidatorResult.Kind


def prompt_subject(*, round_id: int, prompt: str) -> str:
    """What names a round's prompt in results: any text, as 64 hex digits."""
    named = f"{round_id}\n{prompt}".encode(errors="surrogatepass")
    return hashlib.sha256(named).hexdigest()


def record_prompt(*, round_id: int, prompt: str, verdicts: Sequence[Verdict]) -> None:
    """Keep what was said about a round's prompt; the first word of each validator stands."""
    subject = prompt_subject(round_id=round_id, prompt=prompt)
    _record(Kind.PROMPT, subject, round_id, prompt, verdicts, None)


def record_picture(
    *,
    round_id: int,
    job_key: str,
    prompt: str,
    verdicts: Sequence[Verdict],
    candidate: Candidate | None = None,
) -> None:
    """Keep what was said about a job's picture, and on which candidate if there is one."""
    _record(Kind.PICTURE, job_key, round_id, prompt, verdicts, candidate)


def record_fingerprint(*, candidate: Candidate, fingerprint: Fingerprint) -> None:
    """Keep what later pictures are compared with."""
    PictureHash.objects.create(candidate=candidate, bits=fingerprint.bits, tones=fingerprint.tones)


def _record(  # noqa: PLR0917 - its two callers are above
    kind: Kind,
    subject: str,
    round_id: int,
    prompt: str,
    verdicts: Sequence[Verdict],
    candidate: Candidate | None,
) -> None:
    rows = [
        ValidatorResult(
            kind=kind,
            subject=subject,
            round_id=round_id,
            candidate=candidate,
            prompt=storable(prompt, longest=1000),
            validator=verdict.validator,
            version=verdict.version,
            outcome=verdict.outcome,
            policy=verdict.policy,
            consequence=verdict.consequence,
            score=verdict.score,
            threshold=verdict.threshold,
            reason=verdict.reason,
        )
        for verdict in verdicts
    ]
    ValidatorResult.objects.bulk_create(rows, ignore_conflicts=True)
