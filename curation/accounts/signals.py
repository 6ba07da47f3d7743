"""What accounts announce."""

from django.dispatch import Signal

member_signed_in = Signal()  # member_id
