"""Degraded twins of a round's candidates, made by workers as the first candidates hang."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from curation.galleries import files
from curation.galleries.models import Candidate, Round
from curation.pairs.models import Decoy
from curation.validators.errors import PictureBroken

log = structlog.get_logger(__name__)
FEWEST = 6  # twins of a round
ASKED_AGAIN_S = 60.0


def decoys_wanted() -> int:
    """How many twins a round needs: more than a newcomer has to answer."""
    return max(FEWEST, int(settings.REPUTATION_GOLD) + 2)


def rounds_short_of_decoys() -> list[int]:
    """Open rounds that may need twins: asked as each of the first candidates hangs, then rarely.

    Rarely, because a twin is of no use once its original was hidden.
    """
    rounds = Round.objects.filter(status=Round.Status.OPEN, candidates_count__gt=0)
    return [
        pk
        for pk, count in rounds.values_list("pk", "candidates_count")
        if cache.add(f"decoys-asked:{pk}:{min(count, decoys_wanted())}", 1, timeout=ASKED_AGAIN_S)
    ]


def make_decoys(*, round_id: int) -> int:
    """Make the twins an open round lacks; returns how many. Making one again changes nothing."""
    hanging = Candidate.objects.filter(
        round=round_id, status=Candidate.Status.PUBLISHED, trial=False
    )
    open_ones = hanging.filter(round__status=Round.Status.OPEN)
    lacking = decoys_wanted() - Decoy.objects.filter(original__in=open_ones).count()
    if lacking <= 0:
        return 0
    made = [_twin_of(original) for original in _without_twin(open_ones)[:lacking]]
    return len(Decoy.objects.bulk_create([twin for twin in made if twin], ignore_conflicts=True))


def _without_twin(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    return candidates.filter(decoys=None).order_by("pk")


def _twin_of(original: Candidate) -> Decoy | None:
    """A stored twin, always the same; None if there is nothing to make it from."""
    # Imported here to keep processes light.
    from curation.pairs.recipes import RECIPES, degrade  # noqa: PLC0415
    from curation.validators.pictures import open_picture  # noqa: PLC0415

    seed = int(salted_hmac("curation.pairs.decoys", original.digest).hexdigest()[:16], 16)
    recipe = list(RECIPES)[seed % len(RECIPES)]
    try:
        with default_storage.open(files.picture_name(original.digest)) as file:
            stored = files.store_picture(degrade(open_picture(file.read()), recipe, seed))
    except (FileNotFoundError, PictureBroken) as error:
        log.warning("no twin of a candidate's file", digest=original.digest, reason=repr(error))
        return None
    return Decoy(digest=stored.digest, original=original, recipe=recipe)
