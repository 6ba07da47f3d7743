"""What the preferences announce, after the commit."""

from django.dispatch import Signal

dataset_built = Signal()  # dataset_id
