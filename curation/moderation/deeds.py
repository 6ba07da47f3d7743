"""What takes two people, and how it is done once both agree.

Curation knows neither chain nor model: the setting `MODERATION_DEEDS` names what is done there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from curation.accounts.models import Member
from curation.galleries.models import Candidate
from curation.galleries.takedowns import disqualify_candidate, hide_candidate
from curation.moderation.errors import DeedUnknown
from curation.moderation.models import Proposal
from curation.moderation.reports import answer_reports
from curation.moderation.sanctions import ban_member

Role = Member.Role
_KEYS = {"candidate": "[0-9a-f]{64}", "member": "0x[0-9a-fA-F]{40}", "round": "[1-9][0-9]{0,17}"}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that two people do. `role`: of both.

    `do` runs in the confirmation's transaction, or after it when the deed is done `outside` of
    this database. Then it may fail and be carried out again, also twice at once, and must bear
    that; what it hands back writes the log, once.
    """

    name: str
    label: str
    noun: str  # what its object begins with, before the colon
    role: Member.Role
    do: Callable[[Proposal], Callable[[], object] | None]
    outside: bool = False

    def require_object(self, name: str) -> None:
        """Raises DeedUnknown if what is named is nothing that this can be done to."""
        noun, _, key = name.partition(":")
        if noun != self.noun or not re.fullmatch(_KEYS[noun], key):
            raise DeedUnknown(
                f"{self.label}: {name[:80]!r} is no {self.noun}. Write candidate:digest, "
                "member:0x… or round:number."
            )


def _candidate(proposal: Proposal) -> Candidate:
    rows = Candidate.objects.select_related("round").filter(digest=key_of(proposal.object))
    if (found := rows.first()) is None:
        raise DeedUnknown(f"There is no picture {proposal.object[:80]!r}.")
    return found


def _member(proposal: Proposal) -> Member:
    if (found := Member.objects.filter(address=key_of(proposal.object)).first()) is None:
        raise DeedUnknown(f"There is no member {proposal.object[:80]!r}.")
    return found


def _hide(proposal: Proposal) -> None:
    candidate = _candidate(proposal)
    row = hide_candidate(
        candidate=candidate,
        by=proposal.proposed_by,
        reason=proposal.reason,
        note=proposal.note,
    )
    answer_reports(candidate=candidate, answer=row)


def _disqualify(proposal: Proposal) -> None:
    candidate = _candidate(proposal)
    row = disqualify_candidate(
        candidate=candidate,
        by=proposal.proposed_by,
        reason=proposal.reason,
        note=proposal.note,
    )
    answer_reports(candidate=candidate, answer=row)


def _ban(proposal: Proposal) -> None:
    ban_member(
        member=_member(proposal),
        by=proposal.proposed_by,
        reason=proposal.reason,
        note=proposal.note,
    )


OURS = (
    Deed("hide", "Hide a winner", "candidate", Role.MODERATOR, _hide),
    Deed("disqualify", "Disqualify a winner", "candidate", Role.MODERATOR, _disqualify),
    Deed("ban", "Ban a member", "member", Role.MODERATOR, _ban),
)


def deeds() -> dict[str, Deed]:
    """Every deed by its name."""
    theirs: list[Deed] = [import_string(path) for path in settings.MODERATION_DEEDS]
    return {deed.name: deed for deed in (*OURS, *theirs)}


def deed(name: str) -> Deed:
    """A deed by its name.

    Raises:
        DeedUnknown: there is none.
    """
    if (found := deeds().get(name)) is None:
        raise DeedUnknown(f"Nobody can do {name[:40]!r} here.")
    return found


def key_of(name: str) -> str:
    """What stands after the colon of an object's name."""
    return name.partition(":")[2]
