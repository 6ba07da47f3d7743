"""A site with something of everything, so that every address has something to show.

Every text that comes from a person or a model is asked for by its field: plain words here, hostile
ones where a test wants to see what becomes of them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from chain.anchoring.services import gather_batch
from curation.galleries.takedowns import hide_candidate
from curation.models import (
    Activity,
    Appeal,
    Ballot,
    Brief,
    Candidate,
    Delegation,
    Member,
    Round,
    Sanction,
    Tally,
    ValidatorResult,
)
from curation.moderation import appeals, proposals, reports, roles, sanctions
from curation.standings.bundle import bundle_name
from generation.agents import previews
from generation.models import Challenge, ModelVersion, TrainingRun, VersionEvent
from generation.preferences.services import build_preference_dataset
from tests.chain.anchoring.rounds import anchored, put_on_chain
from tests.curation.stakes.chains import fund, note, stake
from tests.factories import BriefFactory, MemberFactory, RoundFactory, VersionFactory, publish
from tests.generation.preferences.polls import Poll
from tests.generation.training.learned import challenge_of, finished, measure, run_of
from tests.voters import delegate
from tests.wallets import BrowserKey, Wallet

Words = Callable[[str, int], str]  # a field's name, the most characters it holds → what it says
_numbers = itertools.count(700_000)
_KEPT = "preview-of-a-furnished-site"


def plain(field: str, longest: int) -> str:
    """Words that hurt nobody."""
    return f"some {field.replace('_', ' ')}"[:longest]


@dataclass
class Furnished:
    """Who is there, and what hangs where. What can belong to somebody belongs to `member`."""

    member: Member
    muted: Member
    moderator: Member
    colleague: Member  # another moderator
    senior: Member
    operator: Member
    brief: Brief
    round: Round  # open and on the chain
    hung: Candidate  # reported
    hidden: Candidate
    held: Candidate
    delegation: Delegation
    counted: Round
    ballot: Ballot
    winner: Candidate
    run: TrainingRun
    version: ModelVersion
    mute: Sanction
    appeal: Appeal  # of a strike; nobody answered it yet
    root: str  # of a batch

    @property
    def sheet(self) -> str:
        """The digest of a picture of the run's sheet."""
        return str(self.run.figures["sheet"][0]["challenger"])

    def examples(self, route: str) -> dict[str, str]:
        """What to fill a route's parameters with; the counted round where only that will do.

        Args:
            route: as in urls.py.
        """
        counts = any(word in route for word in ("standings", "bundle", "ballots", "dataset"))
        round_ = self.counted if counts or route.endswith("learning/") else self.round
        return {
            "slug": self.version.slug if "versions" in route else self.brief.slug,
            "address": self.member.address,
            "round_id": str(round_.pk),
            "digest": self._digest(route),
            "delegation_id": str(self.delegation.pk),
            "run_id": str(self.run.pk),
            "token": _KEPT,
            "root": self.root,
            "tx_hash": "5e" * 32,
            "kind": "jsonl",
        }

    def _digest(self, route: str) -> str:
        if "ballots/" in route or route.startswith("votes"):
            return self.ballot.digest
        return self.sheet if "sheet" in route else self.hung.digest


def furnish(words: Words = plain) -> Furnished:
    """Make everything; fields that rules would clean are written as if the rules had failed."""
    people = {role: _staff(role) for role in Member.Role.values}
    member, muted = (_member(words) for _ in range(2))
    colleague = _staff("moderator")
    brief = BriefFactory(
        posted_by=member,
        title=words("title", 120),
        purpose=words("purpose", 2000),
        must=words("must", 500),
        must_not=words("must_not", 500),
        palette=["navy", words("colour", 24)],
    )
    round_ = RoundFactory(brief=brief)
    hung, hidden, held = (_hang(round_, words) for _ in range(3))
    root = _stakes(round_, hung, member)
    _take_down(hidden, people["moderator"], words)
    _hold(held, words)
    poll, winner = _counted(member, words)
    run, version = _taught(poll, words)
    mute, appeal = _sanctions(member, muted, people["moderator"], words)
    _say_about(hung, winner, member, people, words)
    _preview(member, words)
    return Furnished(
        member=member,
        muted=muted,
        moderator=people["moderator"],
        colleague=colleague,
        senior=people["senior"],
        operator=people["operator"],
        brief=brief,
        round=round_,
        hung=hung,
        hidden=hidden,
        held=held,
        delegation=_delegation(member, words),
        counted=poll.round,
        ballot=next(ballot for ballot in poll.ballots if ballot.voter_id == member.pk),
        winner=winner,
        run=run,
        version=version,
        mute=mute,
        appeal=appeal,
        root=root,
    )


def _member(words: Words) -> Member:
    return MemberFactory(name=words("name", 32), ens_name=words("ens_name", 255))


def _staff(role: str) -> Member:
    made = roles.grant_role(address=MemberFactory().address, role=Member.Role(role))
    return Member.objects.get(pk=made.pk)


def _hang(round_: Round, words: Words) -> Candidate:
    return publish(
        round_,
        next(_numbers),
        prompt=words("prompt", 1000),
        negative_prompt=words("negative_prompt", 1000),
        agent=words("agent", 40),
        scheduler=words("scheduler", 60),
        worker=words("worker", 120),
    )


def _stakes(round_: Round, hung: Candidate, member: Member) -> str:
    """Put a round on the chain with its pictures under a root, a pool and a stake."""
    put_on_chain(round_)
    batch = gather_batch(round_id=round_.pk)
    anchored(batch)
    fund(round_, member.address, 30)
    stake(round_, 0, member.address, 5)
    note(Activity.Kind.STAKED, round_, member.address, digest=hung.digest, amount_wei=5 * 10**18)
    return str(batch.root)


def _take_down(candidate: Candidate, by: Member, words: Words) -> None:
    hide_candidate(candidate=candidate, by=by, reason="hate", note=words("note", 500))


def _hold(candidate: Candidate, words: Words) -> None:
    Candidate.objects.filter(pk=candidate.pk).update(status=Candidate.Status.HELD)
    candidate.refresh_from_db()
    ValidatorResult.objects.create(
        kind="picture",
        subject=candidate.job_key,
        round=candidate.round,
        candidate=candidate,
        prompt=candidate.prompt,
        validator="safety",
        version=words("classifier", 40),
        outcome="failed",
        policy="hold",
        consequence="hold",
        score=0.9,
        threshold=0.5,
        reason=words("reason", 200),
    )


def _counted(member: Member, words: Words) -> tuple[Poll, Candidate]:
    """A round that everybody judged alike, the member too, and the picture that won."""
    poll = Poll(prompts=2, seeds=3, voters=4)
    poll.voters[0] = member
    Brief.objects.filter(pk=poll.round.brief_id).update(title=words("title", 120))
    for hung in poll.hung:
        said = {"prompt": words("prompt", 1000), "agent": words("agent", 40)}
        Candidate.objects.filter(pk__in=[one.pk for one in hung]).update(**said)
        for one in hung:
            one.refresh_from_db()
    poll.everybody_likes_the_first()
    tally = poll.count()
    Tally.objects.filter(pk=tally.pk).update(no_winner=words("no_winner", 100))
    default_storage.save(bundle_name(tally.bundle_digest), ContentFile(b"{}"))
    return poll, poll.hung[0][0]


def _taught(poll: Poll, words: Words) -> tuple[TrainingRun, ModelVersion]:
    """A run that learned from a round, the version that came of it, and its blind test."""
    dataset = build_preference_dataset(round_id=poll.round.pk)
    live = VersionFactory(status=ModelVersion.Status.LIVE, vocabulary="furnished")
    run = run_of(dataset, live)
    measure(run, 4)
    version = finished(run)
    for guard in run.figures["guards"]:
        guard["says"] = words("guard", 200)
    for sample in run.figures["sheet"]:
        sample["prompt"] = words("prompt", 1000)
    run.reason, run.phase = words("reason", 500), words("phase", 40)
    run.save(update_fields=["figures", "reason", "phase"])
    challenge_of(version, status=Challenge.Status.REJECTED, reason=words("reason", 500))
    VersionEvent.objects.create(version=version, kind="rejected", reason=words("reason", 500))
    return run, version


def _sanctions(member: Member, muted: Member, by: Member, words: Words) -> tuple[Sanction, Appeal]:
    """A mute that can be appealed, a strike whose appeal waits, and one whose is answered."""
    said: dict[str, Any] = {"by": by, "reason": "spam"}
    mute = sanctions.mute_member(member=muted, note=words("note", 500), **said)
    struck = [
        sanctions.strike_member(member=member, note=words("note", 500), **said) for _ in range(2)
    ]
    text = {"member": member, "text": words("appeal", 2000)}
    waiting, answered = (appeals.appeal_sanction(sanction=one, **text) for one in struck)
    other = _staff("senior")
    appeals.answer_appeal(appeal=answered, by=other, answer=words("answer", 2000), lift=False)
    return mute, waiting


def _say_about(
    hung: Candidate, winner: Candidate, member: Member, people: dict[str, Member], words: Words
) -> None:
    """A report, and proposals that wait for a second person."""
    reporter = _member(words)
    reports.report_candidate(
        candidate=hung, member=reporter, reason="hate", note=words("note", 500)
    )
    said: dict[str, Any] = {"reason": "rights", "note": words("note", 500)}
    name = f"candidate:{winner.digest}"
    proposals.propose(deed_name="hide", object=name, by=people["senior"], **said)
    proposals.propose(
        deed_name="cancel_round",
        object=f"round:{hung.round_id}",
        by=_staff("operator"),
        **said,
    )
    ban = f"member:{reporter.address}"
    proposals.propose(deed_name="ban", object=ban, by=people["senior"], **said)


def _delegation(member: Member, words: Words) -> Delegation:
    made = delegate(member, BrowserKey(), wallet=Wallet())
    Delegation.objects.filter(pk=made.pk).update(user_agent=words("user_agent", 200))
    return made


def _preview(member: Member, words: Words) -> None:
    """A preview as a worker leaves it."""
    previews._keep(
        previews.Preview(
            token=_KEPT,
            member_id=member.pk,
            asked_at=time.time(),
            brief={},
            state="done",
            agent=words("agent", 40),
            manner=words("manner", 200),
            prompts=[words("prompt", 1000) for _ in range(3)],
            named=[words("primitive", 60)],
            palettes=[words("primitive", 60)],
        )
    )
