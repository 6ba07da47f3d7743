"""The moderators' page about workers, queues and what died."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from curation.accounts.models import Member
from curation.moderation.desk import number, say, staff_only, tabs
from curation.moderation.errors import DeedUnknown
from generation.errors import GenerationError
from generation.jobs import dead, selectors
from generation.training.models import TrainingRun
from generation.training.reviving import revive_run

SHOWN = 60


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def work(request: HttpRequest, me: Member) -> HttpResponse:
    """Who holds which job, what waits, and what is dead; that is tried again or dropped."""
    if request.method == "POST":
        say(request, lambda: _act(request, me), GenerationError)
        return redirect("moderation-work")
    context = tabs(me) | {
        "work": selectors.work(),
        "dead": dead.dead_jobs().select_related("round__brief").order_by("-pk")[:SHOWN],
        "dead_runs": TrainingRun.objects.filter(status=TrainingRun.Status.DEAD)[:SHOWN],
    }
    return render(request, "moderation/work.html", context)


def _act(request: HttpRequest, me: Member) -> str:
    said = request.POST
    words = {"reason": said.get("reason", ""), "note": said.get("note", "")}
    match said.get("do"):
        case "revive":
            dead.revive_job(job_id=number(said.get("job", "")), by=me, **words)
            return "It is drawn anew; the scheduler hands it out."
        case "drop":
            dead.drop_job(job_id=number(said.get("job", "")), by=me, **words)
            return "Dropped."
        case "revive-run":
            revive_run(run_id=number(said.get("run", "")), by=me, **words)
            return "The run goes on where its last checkpoint is."
        case _:
            raise DeedUnknown("Nobody can do this to a job.")
