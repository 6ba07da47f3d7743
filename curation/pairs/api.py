"""Pairs to judge, as JSON for the member they are for."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Router, Schema

from curation.apis import answers, member_of, member_only
from curation.ballots import holds
from curation.ballots.typed import NAME, VERSION, site_domain
from curation.galleries.models import Round
from curation.pairs.services import MOST_WAITING, serve_pairs

router = Router(tags=["ballots"])
Count = Annotated[int, Field(ge=1, le=MOST_WAITING, description="pairs wanted")]


class PictureOut(Schema):
    """One of the two pictures."""

    digest: str
    picture: str
    thumbnail: str
    alt: str = Field(description="the prompt it was drawn from")
    width: int
    height: int


class PairOut(Schema):
    """Two pictures, and on which side each hangs."""

    left: PictureOut
    right: PictureOut


class DomainOut(Schema):
    """The EIP-712 domain a ballot has to name."""

    name: str = NAME
    version: str = VERSION
    chain_id: int = Field(alias="chainId")
    verifying_contract: str = Field(alias="verifyingContract")


class PairsOut(Schema):
    """Pairs to judge now, and what it takes to sign ballots on them."""

    pairs: list[PairOut] = Field(description="fewer than asked for when there are no more yet")
    judged: int = Field(description="pairs of this round you have judged")
    remaining: int = Field(description="pairs of this round you may still judge")
    domain: DomainOut | None = Field(description="null until the site's contracts are deployed")
    voter: str
    last_nonce: str = Field(description="of your ballots so far, in decimal; the next is higher")
    now: int = Field(description="the site's time, in seconds since 1970")


@router.get(
    "/rounds/{int:round_id}/pairs",
    auth=member_only,
    by_alias=True,
    response=answers(PairsOut, 401, 404, 409, 422, 429),
)
def pairs(request: HttpRequest, response: HttpResponse, round_id: int, count: Count = 1) -> Any:
    """The next pairs to judge in an open round; those not judged yet come again.

    Some pairs are tests. They are the same in this answer: two digests, the same kind of URLs,
    the prompt as `alt`. Whoever looks further can tell: a degraded twin is no candidate, so it is
    not on the wall and `GET /candidates/{digest}` does not know it, its file is larger, and
    candidates of earlier rounds are found under those. A program that looks at the pictures needs
    none of this.
    """
    member = member_of(request)
    round_ = get_object_or_404(Round, pk=round_id)
    serving = serve_pairs(member=member, round_=round_, count=count)
    response["Cache-Control"] = "no-store"
    domain = site_domain()
    return {
        "pairs": serving.pairs,
        "judged": serving.judged,
        "remaining": serving.remaining,
        "domain": domain and {"chainId": domain.chain_id, "verifyingContract": domain.contract},
        "voter": member.address,
        "last_nonce": str(holds.last_nonce(member.pk)),
        "now": int(timezone.now().timestamp()),
    }
