"""What the pages say of a model version, in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from django.db.models import QuerySet

from generation.challenges.models import Challenge, VersionEvent
from generation.learning.cards import CardFacts, model_card
from generation.learning.shares import Lead, Share, lead, wilson
from generation.training.models import TrainingRun
from generation.training.pages import GuardLine, guards_of, recipe_of
from generation.training.selectors import UNDECIDED, UNDER_WAY
from generation.versions.models import ModelVersion

STATUS = {
    "draft": "Trained, not tested yet",
    "challenger": "Being tested blindly",
    "live": "Draws now",
    "retired": "Retired",
}
TEST = {
    "waiting": "Waits for a round",
    "running": "Under way; figures are of closed rounds",
    "promoted": "Promoted",
    "rejected": "Not shown to be better",
    "withdrawn": "Called off",
}
EVENTS = {
    "trained": "Trained",
    "guarded": "Refused by a guard",
    "challenged": "Entered a blind test",
    "promoted": "Promoted",
    "rejected": "Not promoted",
    "rolled_back": "Taken back by a person",
    "marked": "Marked: it was trained on a picture taken down since",
}


_RUNS: QuerySet[TrainingRun] = TrainingRun.objects.select_related(
    "dataset__round__brief", "reference"
)
_CHALLENGES: QuerySet[Challenge] = Challenge.objects.select_related("champion")


@dataclass(frozen=True, slots=True)
class Test:
    """A blind test's result so far, from closed rounds only."""

    challenge: Challenge
    rate: Share | None  # none before anything was counted

    @property
    def words(self) -> str:
        """Where it stands."""
        return TEST[self.challenge.status]

    @property
    def votes_count(self) -> int:
        """Ballots on its twins."""
        return self.challenge.wins + self.challenge.losses + self.challenge.ties


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A version with all that is known of it."""

    version: ModelVersion
    run: TrainingRun | None
    test: Test | None
    lead: Lead | None = None
    """Over the base, by all blind tests that lead to it; none where one was not counted."""

    @property
    def status(self) -> str:
        """What it is, in words."""
        return STATUS[self.version.status]

    @property
    def guards(self) -> list[GuardLine]:
        """What was asked of its adapter."""
        return guards_of(self.run)

    @property
    def events(self) -> list[tuple[str, VersionEvent]]:
        """What happened to it, the latest first."""
        return [(EVENTS.get(e.kind, e.kind), e) for e in self.version.events.select_related("by")]


def page_of(version: ModelVersion) -> VersionPage:
    """Everything known of a version, but its lead."""
    run = _RUNS.filter(version=version).first()
    return VersionPage(version, run, test_of(version))


def test_of(version: ModelVersion) -> Test | None:
    """Its blind test, if there is one."""
    challenge = _CHALLENGES.filter(challenger=version).first()
    return None if challenge is None else _told(challenge)


def _told(challenge: Challenge) -> Test:
    """Few judge few prompts often: the interval is as wide as these differ, not as ballots do."""
    votes = challenge.wins + challenge.losses + challenge.ties
    if not votes:
        return Test(challenge, None)
    rate = (challenge.wins + challenge.ties / 2) / votes
    worth = max(1, min(votes, challenge.state.get("worth", challenge.voters_count)))
    return Test(challenge, wilson(rate * worth, worth))


def timeline() -> list[VersionPage]:
    """Every version in the order they came, bases and refused ones too."""
    runs = {run.version_id: run for run in _RUNS.exclude(version=None)}
    tests = {one.challenger_id: _told(one) for one in _CHALLENGES.all()}
    leads: dict[int, Lead | None] = {}
    line = []
    for version in ModelVersion.objects.order_by("pk"):
        page = VersionPage(version, runs.get(version.pk), tests.get(version.pk))
        leads[version.pk] = _lead(page, leads)
        line.append(replace(page, lead=leads[version.pk]))
    return line


def _lead(page: VersionPage, before: dict[int, Lead | None]) -> Lead | None:
    if not page.version.adapter:
        return Lead()
    champions = before.get(page.test.challenge.champion_id) if page.test else None
    if champions is None or page.test is None or page.test.rate is None:
        return None
    return champions + lead(page.test.rate)


def run_under_way() -> TrainingRun | None:
    """What is trained now."""
    return TrainingRun.objects.filter(status__in=UNDER_WAY).select_related("dataset").first()


def challenge_under_way() -> Challenge | None:
    """What is tested now."""
    found = Challenge.objects.filter(status__in=UNDECIDED)
    return found.select_related("challenger", "champion").first()


def adapter_file(version: ModelVersion) -> str:
    """What its adapter is called as a download; its card says the same."""
    return f"{version.slug}.safetensors"


def card_of(page: VersionPage) -> str:
    """The model card that goes with an adapter."""
    version, run = page.version, page.run
    dataset, known = (run.dataset, run.figures) if run else (None, {})
    is_emblem = version.vocabulary == "emblems"
    recipe = recipe_of(run) if run else {}
    return model_card(
        CardFacts(
            title=version.slug,
            base=version.base_name,
            base_hash=version.base_hash,
            adapter_hash=version.adapter_hash,
            pipeline_class="EmblemPipeline" if is_emblem else "DiffusionPipeline",
            part=known.get("part") or ("transformer" if is_emblem else ""),
            rank=recipe.get("rank", 0),
            rows=known.get("rows") or (dataset.rows_count if dataset else 0),
            dataset_root=dataset.root if dataset else "",
            file=adapter_file(version),
            rounds=[str(dataset.round)] if dataset else [],
            recipe=recipe,
            figures=_figures(page),
        )
    )


def _figures(page: VersionPage) -> dict[str, str]:
    said = {guard.title: f"{guard.value}" for guard in page.guards if guard.value is not None}
    if page.test and page.test.rate:
        rate = asdict(page.test.rate)
        said["Blind test, win rate"] = "{value:.2f} ({low:.2f} to {high:.2f})".format(**rate)
    return {name: value[:40] for name, value in said.items()}
