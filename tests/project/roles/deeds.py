"""Who may do what a form on the panel or a brief's page does, told by what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from curation.galleries.takedowns import hide_candidate
from curation.models import Candidate, Member, ModerationAction, Proposal, Sanction
from curation.moderation import appeals, proposals, sanctions
from curation.moderation.models import Action
from tests.factories import MemberFactory
from tests.furnished import Furnished

Form = Callable[[Furnished], dict[str, Any]]
REASON: Final = {"reason": "spam", "note": ""}
SECOND, APPEALS = "/moderation/second/", "/moderation/appeals/"


@dataclass(frozen=True)
class Deed:
    """A form, the line it leaves in the log, and the roles for which it does."""

    form: Form
    action: Action
    who: str  # groups or roles
    path: str | Callable[[Furnished], str] = "/moderation/act"

    def address(self, site: Furnished) -> str:
        return self.path if isinstance(self.path, str) else self.path(site)


def picture(deed: str, which: str = "hung") -> Form:
    return lambda site: REASON | {"deed": deed, "digest": getattr(site, which).digest}


def of_member(site: Furnished) -> str:
    return f"/moderation/members/{site.muted.address}/"


def of_senior(site: Furnished) -> str:
    return f"/moderation/members/{site.senior.address}/"


def decide(do: str, deed: str) -> Form:
    """About a proposal that waits: the bans' and the winners' by the senior, money's by another."""
    return lambda site: {"do": do, "proposal": Proposal.objects.get(deed=deed, status="waiting").pk}


def propose(deed: str) -> Form:
    return lambda site: (
        REASON
        | {
            "do": "propose",
            "deed": deed,
            "object": f"round:{site.counted.pk}",
        }
    )


def banned(site: Furnished) -> Sanction:
    """The ban of somebody, proposed by the moderator and confirmed by their colleague."""
    member: Member = MemberFactory()
    asked = proposals.propose(
        deed_name="ban", object=f"member:{member.address}", by=site.moderator, reason="spam"
    )
    proposals.confirm(proposal=asked, by=site.colleague)
    return sanctions.Sanction.objects.get(member=member)


def banned_page(site: Furnished) -> str:
    return f"/moderation/members/{banned(site).member.address}/"


def appealed_ban(site: Furnished) -> dict[str, Any]:
    ban = banned(site)
    made = appeals.appeal_sanction(sanction=ban, member=ban.member, text="It was not me.")
    return {"appeal": made.pk, "answer": "True.", "do": "lift"}


def lifted_ban(site: Furnished) -> dict[str, Any]:
    return {"do": "lift", "sanction": Sanction.objects.get(kind="ban").pk, "note": ""}


def hidden_twice(site: Furnished) -> dict[str, Any]:
    """A batch that can be taken back."""
    fresh = Candidate.objects.get(pk=site.hung.pk)  # what was done to it before was taken back
    hide_candidate(candidate=fresh, by=site.moderator, reason="spam", batch="ba7c4")
    return {"batch": "ba7c4"}


DEEDS: Final[dict[str, Deed]] = {
    "approve a picture": Deed(picture("approve"), Action.APPROVED, "staff"),
    "hide a picture": Deed(picture("hide"), Action.HIDDEN, "staff"),
    "restore a picture": Deed(picture("restore", "hidden"), Action.RESTORED, "staff"),
    "disqualify a picture": Deed(picture("disqualify"), Action.DISQUALIFIED, "staff"),
    "hang what was held": Deed(picture("approve", "held"), Action.APPROVED, "staff"),
    "escalate a report": Deed(picture("escalate"), Action.ESCALATED, "staff"),
    "take a batch back": Deed(hidden_twice, Action.RESTORED, "staff", "/moderation/undo"),
    "hide a winner alone": Deed(picture("hide", "winner"), Action.HIDDEN, ""),
    "disqualify a winner alone": Deed(picture("disqualify", "winner"), Action.DISQUALIFIED, ""),
    "hide a winner, as the second": Deed(
        decide("confirm", "hide"), Action.HIDDEN, "moderator operator", SECOND
    ),
    "strike a member": Deed(lambda _: REASON | {"do": "strike"}, Action.STRUCK, "staff", of_member),
    "mute a member": Deed(lambda _: REASON | {"do": "mute"}, Action.MUTED, "staff", of_member),
    "strike one of the staff": Deed(
        lambda _: REASON | {"do": "strike"}, Action.STRUCK, "", of_senior
    ),
    "lift a mute": Deed(
        lambda site: {"do": "lift", "sanction": site.mute.pk}, Action.LIFTED, "staff", of_member
    ),
    "propose a ban": Deed(lambda _: REASON | {"do": "ban"}, Action.PROPOSED, "staff", of_member),
    "ban alone": Deed(lambda _: REASON | {"do": "ban"}, Action.BANNED, "", of_member),
    "ban, as the second": Deed(
        decide("confirm", "ban"), Action.BANNED, "moderator operator", SECOND
    ),
    "decline a ban": Deed(decide("decline", "ban"), Action.DECLINED, "staff", SECOND),
    "lift a ban": Deed(lifted_ban, Action.LIFTED, "senior operator", banned_page),
    "answer the appeal of a strike": Deed(
        lambda site: {"appeal": site.appeal.pk, "answer": "No."},
        Action.ANSWERED,
        "senior operator",  # the moderator gave it
        APPEALS,
    ),
    "answer the appeal of a ban": Deed(appealed_ban, Action.ANSWERED, "senior operator", APPEALS),
    # Money.
    "propose to cancel a round": Deed(propose("cancel_round"), Action.PROPOSED, "operator", SECOND),
    "propose to strike a result down": Deed(
        propose("veto_result"), Action.PROPOSED, "operator", SECOND
    ),
    "cancel a round, as the second": Deed(
        decide("confirm", "cancel_round"), Action.CONFIRMED, "operator", SECOND
    ),
    "decline to cancel a round": Deed(
        decide("decline", "cancel_round"), Action.DECLINED, "operator", SECOND
    ),
    "cancel a round alone": Deed(propose("cancel_round"), Action.ROUND_CANCELLED, "", SECOND),
}


def newest() -> int:
    """The number of the log's last line."""
    row = ModerationAction.objects.order_by("-number").first()
    return row.number if row else 0
