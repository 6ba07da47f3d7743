"""Where passkeys are good, and for how long: what follows from settings alone."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from curation.briefs.rules import clean_text

RAISED_FOR = timedelta(hours=8)  # a session opens the panel for so long
CHALLENGE_FOR = timedelta(minutes=3)
CHALLENGES_MOST = 4  # of a session at a time: several tabs may ask
PASSKEYS_MOST = 10
ANSWER_LONGEST = 16_384  # characters of an answer's JSON
NAME_LONGEST = 40


def origin() -> str:
    """The one origin whose pages may ask for passkeys: the moderators' own, else the site's."""
    return str(settings.MODERATION_URL or settings.SITE_URL)


def rp_id() -> str:
    """The relying party: the site's host, or the moderators' if that is not below it."""
    site, desk = (urlsplit(url).hostname or "" for url in (settings.SITE_URL, origin()))
    return site if desk == site or desk.endswith(f".{site}") else desk


def why_impossible() -> str:
    """Why browsers would not even ask, in words; empty when they would."""
    try:
        ip_address(rp_id())
    except ValueError:
        return ""
    return (
        f"Browsers know no passkeys for a bare address like {rp_id()}. Give SITE_URL or "
        "MODERATION_HOST a name; on your own machine “localhost” does."
    )


def clean_key_name(value: str) -> str:
    """What somebody calls a passkey.

    Raises:
        TextRefused: it is empty or too long.
    """
    return clean_text(value, name="The name", longest=NAME_LONGEST)
