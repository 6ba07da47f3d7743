"""Generation workers with a tiny model, forked from one that has it loaded, so that many can die.

`python -m tests.faults.studio VERSION`: for every line on stdin another worker is forked off
and its process id printed. It draws whatever job is free until it is killed; a job whose prompt
begins with POISON kills it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from datetime import timedelta

import django

POISON = "poison"
LEASE = timedelta(seconds=1)  # twenty outside of tests
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def work() -> None:
    """Draw what is free, job by job."""
    from generation.jobs import drawing, services
    from generation.jobs.models import GenerationJob

    waiting = GenerationJob.objects.filter(status=GenerationJob.Status.QUEUED)
    while True:
        services.sweep()
        for job_id in list(waiting.order_by("pk").values_list("pk", flat=True)):
            drawing.draw(job_id=job_id)
        time.sleep(0.05)


def poisoned(draw):
    """What draws a batch, deadly for some."""

    def _draw(leases, lost):
        if any(lease.job.prompt.startswith(POISON) for lease in leases):
            os.kill(os.getpid(), signal.SIGKILL)
        return draw(leases, lost)

    return _draw


def main(version_id: int) -> None:
    django.setup()
    from django.db import connections

    from generation.jobs import drawing, services
    from generation.versions.models import ModelVersion

    services.LEASE = drawing.LEASE = LEASE
    drawing._draw = poisoned(drawing._draw)
    drawing.load(ModelVersion.objects.get(pk=version_id))
    connections["default"].close()
    connections["default"].close_pool()  # threads of a pool do not survive a fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    print("ready", flush=True)
    for _ in sys.stdin:
        if (pid := os.fork()) == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work()
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
