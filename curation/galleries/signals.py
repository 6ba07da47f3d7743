"""What curation announces, after commit, to whoever listens above it."""

from django.dispatch import Signal

round_opened = Signal()  # round_id
round_closed = Signal()  # round_id
tally_published = Signal()  # round_id
candidate_taken_down = Signal()  # candidate_id
