"""What agents are asked for from a page; a worker does it."""

from django.dispatch import Signal

preview_asked = Signal()  # token
