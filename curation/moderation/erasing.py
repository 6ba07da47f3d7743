"""Files of disqualified pictures are erased, whatever is killed meanwhile."""

from __future__ import annotations

from functools import partial

import structlog
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from curation.galleries import files
from curation.galleries.models import Candidate
from curation.moderation.models import Erasure
from curation.pairs.models import Decoy

log = structlog.get_logger(__name__)


def erase_soon(*, candidate: Candidate) -> None:
    """Erase a picture's files once this transaction is certain; the sweep does it if we die."""
    row, _ = Erasure.objects.get_or_create(candidate=candidate)
    transaction.on_commit(partial(_try, row.pk))


def erase_what_is_left(*, at_most: int = 100) -> int:
    """The sweep: erase what no process got to; returns how many pictures went."""
    waiting = Erasure.objects.filter(erased_at=None).order_by("pk")
    return sum(_try(pk) for pk in list(waiting.values_list("pk", flat=True)[:at_most]))


def _try(pk: int) -> bool:
    try:
        _erase(Erasure.objects.select_related("candidate").get(pk=pk))
    except OSError as error:
        log.warning("files were not erased yet", erasure=pk, error=repr(error))
        return False
    return True


def _erase(row: Erasure) -> None:
    twins = Decoy.objects.filter(original=row.candidate).values_list("digest", flat=True)
    for digest in (row.candidate.digest, *twins):
        default_storage.delete(files.picture_name(digest))
        default_storage.delete(files.thumbnail_name(digest))
    row.erased_at = timezone.now()
    row.save(update_fields=["erased_at"])
