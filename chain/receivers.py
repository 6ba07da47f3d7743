"""What chain does when curation announces something."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from chain import actors
from curation.accounts.signals import member_signed_in
from curation.galleries.signals import round_opened


@receiver(member_signed_in)
def look_up_name(*, member_id: int, **_: Any) -> None:
    """Have the member's ENS name looked up; a lost message is made up for at the next sign-in."""
    actors.look_up_name.send(member_id)


@receiver(round_opened)
def open_on_chain(*, round_id: int, **_: Any) -> None:
    """Have the round opened on the chain, where the site has contracts."""
    actors.open_round_on_chain.send(round_id)
