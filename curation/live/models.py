"""The event log behind the sockets."""

from __future__ import annotations

from django.db import models


class Stream(models.Model):
    """A numbered sequence of events; `last` is the number of the newest one."""

    name = models.CharField(max_length=60, primary_key=True)
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(name="stream_counts_up", condition=models.Q(last__gte=0)),
        )


class Event(models.Model):
    """One thing that happened; numbers are gapless within a stream."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="events")
    number = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="event_number_once", fields=["stream", "number"]),
        )
