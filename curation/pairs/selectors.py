"""Queries about served pairs and the pictures in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

from django.db.models import Exists, OuterRef
from django.urls import reverse

from curation.accounts.models import Member
from curation.ballots.models import Ballot
from curation.galleries.models import Candidate, Round
from curation.pairs.models import Decoy, ServedPair
from curation.pairs.rules import Pair, Seen, is_decided, ordered
from curation.stakes.models import Stake
from curation.standings.models import Standing, Tally

ENDS = 20  # of a tally, from which gold pairs are taken


@dataclass(frozen=True, slots=True)
class Known:
    """A pair of which it is known what a careful look chooses."""

    pair: Pair
    better: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it hangs in a pair; a decoy has its original's words."""

    digest: str
    alt: str
    width: int
    height: int

    @property
    def picture(self) -> str:
        return reverse("media-picture", args=[self.digest])

    @property
    def thumbnail(self) -> str:
        return reverse("media-thumbnail", args=[self.digest])


def pictures(digests: Collection[str]) -> dict[str, Picture]:
    """The pictures of some digests that are on show; hidden and disqualified ones are left out."""
    if not digests:
        return {}
    published = Candidate.Status.PUBLISHED
    found = Candidate.objects.filter(digest__in=digests, status=published)
    rows = list(found.values_list("digest", "prompt", "width", "height"))
    if len(rows) < len(digests):
        decoys = Decoy.objects.filter(digest__in=digests, original__status=published)
        fields = (f"original__{name}" for name in ("prompt", "width", "height"))
        rows += decoys.values_list("digest", *fields)
    return {row[0]: Picture(*row) for row in rows}


def served_to(member: Member, round_: Round) -> list[ServedPair]:
    """What a member was served in a round, the first one first, with whether they `judged` it."""
    ballots = Ballot.objects.filter(
        round=round_, voter=member, low=OuterRef("low"), high=OuterRef("high")
    )
    rows = ServedPair.objects.filter(member=member, round=round_)
    return list(rows.annotate(judged=Exists(ballots)).order_by("pk"))


def prompts_of(round_: Round) -> dict[str, str]:
    """The prompt of every candidate on show that may win a round, by digest."""
    on_show = Candidate.objects.filter(round=round_, status=Candidate.Status.PUBLISHED, trial=False)
    return dict(on_show.order_by("pk").values_list("digest", "prompt"))


def seen_of(served: Collection[ServedPair], prompts: dict[str, str]) -> Seen:
    """A member's pairs of a round, counted, but for those of blind tests.

    Both of a gold pair share a prompt but train nobody.
    """
    served = [pair for pair in served if pair.kind != ServedPair.Kind.TRIAL]
    kinds = [pair.kind for pair in served]
    last_gold = max((n for n, kind in enumerate(kinds) if kind == ServedPair.Kind.GOLD), default=-1)
    return Seen(
        total=len(kinds),
        gold=kinds.count(ServedPair.Kind.GOLD),
        since_gold=len(kinds) - 1 - last_gold,
        same_prompt=sum(
            pair.kind == ServedPair.Kind.PREFERENCE
            and prompts.get(pair.low, "") == prompts.get(pair.high)
            for pair in served
        ),
        random=sum(pair.how == ServedPair.How.RANDOM for pair in served),
    )


def trials_of(round_: Round) -> list[Pair]:
    """Twins of a blind test that are both on show: one prompt and seed, drawn by two versions."""
    twins: dict[tuple[str, int], list[str]] = defaultdict(list)
    found = Candidate.objects.filter(round=round_, status=Candidate.Status.PUBLISHED, trial=True)
    for digest, prompt, seed in found.order_by("pk").values_list("digest", "prompt", "seed"):
        twins[prompt, seed].append(digest)
    return [ordered(*pair) for pair in twins.values() if len(pair) == 2]


def unserved_ballots_of(member: Member, round_: Round) -> set[Pair]:
    """Pairs of a round a member judged without having been served them."""
    ballots = Ballot.objects.filter(round=round_, voter=member, pair=None)
    return set(ballots.values_list("low", "high"))


def staked_by(member: Member, round_: Round) -> set[str]:
    """The candidates a member has a stake on in a round: their ballots on those count nothing."""
    stakes = Stake.objects.filter(round=round_, address=member.address)
    return set(stakes.values_list("digest", flat=True))


def by_prompt(prompts: dict[str, str]) -> list[list[str]]:
    """Candidates that share a prompt, together."""
    groups: dict[str, list[str]] = defaultdict(list)
    for digest, prompt in prompts.items():
        groups[prompt].append(digest)
    return list(groups.values())


def answered_before(member: Member, round_: Round, limit: int = 100) -> list[Pair]:
    """Pairs of earlier rounds a member judged, the latest first, and was not asked again since."""
    preference, repeat = ServedPair.Kind.PREFERENCE, ServedPair.Kind.REPEAT
    asked_again = ServedPair.objects.filter(
        member=member, kind=repeat, low=OuterRef("low"), high=OuterRef("high")
    )
    standing = Ballot.objects.filter(voter=member, pair__kind=preference).exclude(round=round_)
    same = {name: OuterRef(name) for name in ("round", "low", "high")}
    later = standing.filter(nonce__gt=OuterRef("nonce"), **same)
    found = standing.exclude(outcome=Ballot.Outcome.WITHDRAWN).filter(
        ~Exists(asked_again), ~Exists(later)
    )
    pairs = list(found.order_by("-nonce").values_list("low", "high")[:limit])
    return _on_show(pairs)


def twins(member: Member, round_: Round, limit: int = 200) -> list[Known]:
    """Originals beside their degraded twins that a member was not served yet.

    Those of other rounds are taken when this round has none left.
    """
    served = _gold_of(member)
    decoys = Decoy.objects.filter(original__status=Candidate.Status.PUBLISHED).order_by("-pk")
    for rows in (decoys.filter(original__round=round_), decoys.exclude(original__round=round_)):
        found = rows.values_list("digest", "original__digest")[:limit]
        pairs = [Known(ordered(decoy, original), original) for decoy, original in found]
        if fresh := [known for known in pairs if known.pair not in served]:
            return fresh
    return []


def decided_pairs(member: Member, tally: Tally) -> list[Known]:
    """Pairs of the best and the last of a tally that it is sure of and a member did not see."""
    on_show = Standing.objects.filter(tally=tally, candidate__status=Candidate.Status.PUBLISHED)
    rows = on_show.values_list("candidate__digest", "score", "deviation")
    best, last = rows.order_by("rank")[:ENDS], rows.order_by("-rank")[:ENDS]
    seen = _gold_of(member)
    seen |= {(pair.low, pair.high) for pair in served_to(member, tally.round)}
    return [
        Known(pair, better)
        for (better, high, a), (worse, low, b) in product(best, last)
        if is_decided(gap=high - low, variance=a * a + b * b)
        and (pair := ordered(better, worse)) not in seen
    ]


def latest_tallies(round_: Round, limit: int = 20) -> list[Tally]:
    """The tallies published last, of other rounds."""
    tallies = Tally.objects.exclude(pk=round_.pk).select_related("round")
    return list(tallies.order_by("-published_at")[:limit])


def _gold_of(member: Member) -> set[Pair]:
    gold = ServedPair.objects.filter(member=member, kind=ServedPair.Kind.GOLD)
    return set(gold.values_list("low", "high"))


def _on_show(pairs: list[Pair]) -> list[Pair]:
    shown = pictures({digest for pair in pairs for digest in pair})
    return [pair for pair in pairs if pair[0] in shown and pair[1] in shown]
