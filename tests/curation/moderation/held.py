"""Pictures that a validator held, hung by the services."""

from __future__ import annotations

from curation.galleries import files
from curation.galleries.services import publish_candidate
from curation.models import Candidate, Round
from curation.validators.examining import Examined
from curation.validators.verdicts import Outcome, Policy, Verdict
from tests.factories import picture, provenance

WHY = "It is not fit for everybody."


def hold(round_: Round, number: int, image=None, **changes: object) -> Candidate:
    """A candidate that waits because a validator stopped it."""
    verdict = Verdict(
        validator="safety",
        version="1",
        outcome=Outcome.FAILED,
        policy=Policy.HOLD,
        score=0.9,
        threshold=0.5,
        reason=WHY,
    )
    stored = files.store_picture(image or picture(number))
    return publish_candidate(
        round_id=round_.pk,
        digest=stored.digest,
        size_bytes=stored.size_bytes,
        provenance=provenance(number, **changes),
        examined=Examined(verdicts=(verdict,)),
    )
