import pytest
from django.db import IntegrityError, transaction

from curation.models import Brief, Candidate, Round
from curation.status import TransitionRefused, advance
from generation.versions.models import ModelVersion
from tests.factories import BriefFactory, RoundFactory, VersionFactory, publish
from tests.threads import at_once

GRAPHS = [(model, model.GRAPH) for model in (Brief, Round, Candidate, ModelVersion)]


@pytest.mark.parametrize(("model", "graph"), GRAPHS)
def test_graph_knows_every_status(model, graph):
    assert set(graph) == set(model.Status)
    assert all(targets <= set(model.Status) for targets in graph.values())


@pytest.mark.django_db
@pytest.mark.parametrize("factory", [BriefFactory, RoundFactory, VersionFactory])
def test_only_steps_of_the_graph_are_taken(factory):
    graph = factory._meta.model.GRAPH
    for before, allowed in graph.items():
        for to in graph:
            row = factory(status=before)
            if to in allowed:
                advance(row, graph, to)
            else:
                with pytest.raises(TransitionRefused):
                    advance(row, graph, to)
            row.refresh_from_db()
            assert row.status == (to if to in allowed else before)
            row.delete()


@pytest.mark.django_db
def test_row_that_moved_meanwhile_is_not_moved_again():
    seen_by_another = BriefFactory()
    advance(Brief.objects.get(), Brief.GRAPH, Brief.Status.WITHDRAWN)
    with pytest.raises(TransitionRefused, match="no longer active"):
        advance(seen_by_another, Brief.GRAPH, Brief.Status.COMPLETED)
    assert Brief.objects.get().status == Brief.Status.WITHDRAWN


@pytest.mark.django_db(transaction=True)
def test_of_racing_movers_one_wins():
    brief = BriefFactory()
    rows = [Brief.objects.get(pk=brief.pk) for _ in range(10)]
    results = at_once(10, lambda i: advance(rows[i], Brief.GRAPH, Brief.Status.COMPLETED))
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, TransitionRefused) for result in results) == 9


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (Brief, {"status": "lost"}),
        (Brief, {"rounds_planned": 0}),
        (Brief, {"candidates_per_round": 3}),
        (Brief, {"round_minutes": 60 * 24 * 30 + 1}),
        (Round, {"status": "ajar"}),
        (Candidate, {"status": "sold"}),
        (Candidate, {"digest": "A" * 64}),
        (Candidate, {"digest": "a" * 63}),
    ],
)
def test_database_refuses_impossible_rows(model, changes):
    publish(RoundFactory(), 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**changes)


@pytest.mark.django_db
def test_round_cannot_close_before_it_opens():
    round_ = RoundFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.update(closes_at=round_.opened_at)


@pytest.mark.django_db
def test_database_keeps_one_open_round_per_brief_and_one_live_version():
    brief = RoundFactory().brief
    RoundFactory(brief=brief, number=2, status="closed")
    with pytest.raises(IntegrityError), transaction.atomic():
        RoundFactory(brief=brief, number=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoundFactory(brief=brief, number=2, status="closed")
    VersionFactory(status="live")
    with pytest.raises(IntegrityError), transaction.atomic():
        VersionFactory(status="live")
