"""Dramatiq actors: each takes an id and calls a service."""

from __future__ import annotations

import dramatiq

MINUTES_MS = 60_000


@dramatiq.actor(queue_name="generation", max_retries=0, time_limit=10 * MINUTES_MS)
def propose_prompts(round_id: int) -> None:
    """Compose a round's prompts; a second delivery is a no-op."""
    from generation.agents import services  # noqa: PLC0415 - keeps the web process light
    from generation.emblems.affinity import affinity  # noqa: PLC0415

    services.propose_prompts(round_id=round_id, affinity=affinity, meaning=affinity)


@dramatiq.actor(queue_name="default", max_retries=0, max_age=MINUTES_MS, time_limit=MINUTES_MS)
def preview_prompts(token: str) -> None:
    """Compose the prompts somebody waits for; on the queue that no drawing holds up."""
    from generation.agents import previews  # noqa: PLC0415
    from generation.emblems.affinity import affinity  # noqa: PLC0415

    previews.compose_preview(token=token, affinity=affinity)


@dramatiq.actor(
    queue_name="generation", max_retries=0, time_limit=60 * MINUTES_MS, notify_shutdown=True
)
def generate_candidate(job_id: int) -> None:
    """Draw one job and set off its publication; a second delivery is a no-op."""
    from generation.jobs import drawing  # noqa: PLC0415

    drawing.draw_ahead(job_id=job_id)


@dramatiq.actor(queue_name="default", max_retries=0, time_limit=30 * MINUTES_MS)
def build_preference_dataset(round_id: int) -> None:
    """Make what a counted round's ballots teach; a second delivery is a no-op."""
    from generation.preferences import services  # noqa: PLC0415 - keeps the web process light

    services.build_preference_dataset(round_id=round_id)


@dramatiq.actor(
    queue_name="training", max_retries=0, time_limit=30 * MINUTES_MS, notify_shutdown=True
)
def train_adapter(run_id: int) -> None:
    """Go on with a training run for a slice; the scheduler asks for the next one."""
    from generation.training import slices  # noqa: PLC0415 - keeps the web process light

    slices.train_slice(run_id=run_id)


@dramatiq.actor(queue_name="default", max_retries=0, time_limit=5 * MINUTES_MS)
def count_twins(round_id: int) -> None:
    """Count what a round says of the blind test in it; a second delivery is a no-op."""
    from generation.challenges import services  # noqa: PLC0415 - keeps the web process light

    services.count_twins(round_id=round_id)
