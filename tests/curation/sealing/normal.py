"""What may differ between two answers although nothing was told: named one by one.

The clock stands still in these tests and both worlds have the same rows, so times, ids and
sessions are equal as they are. What is left is chance: tokens and nonces, and how long things took.
"""

from __future__ import annotations

import re

# Each is (what, why), replaced by nothing.
_CHANCE = (
    (r'name="csrfmiddlewaretoken" value="[^"]+"', "a mask of its own each time"),
    (r"\"X-CSRFToken\": \"[^\"]+\"", "the same"),
    (r"'nonce-[^']+'", "of the page's policy"),
    (r'"nonce": "[A-Za-z0-9]{22}"', "to sign in with"),
    (r"Nonce: [A-Za-z0-9]{22}", "the same, in a message"),
    (r"csrftoken=[^;]*", "cookies"),
    (r"expires=[^;]+GMT", "of cookies"),
    (r"\('Expires', '[^']+'\)", "of pages that are not to be kept"),
    (r"(?<=:)\w{6}:[\w-]{43}(?=;)", "time and signature of a cookie's message"),
    (r"sessionid=[^;]*", "of whoever asked for a nonce and had no session"),
    (r"'request_id': '[^']+'", "in logs"),
    (r"'correlation_id': [^,}]+", "the same"),
    (r"'timestamp': '[^']+'", "in logs"),
    (r"Block \d+, mined <time.*?</time>. Final up to \d+", "the chain is one and goes on"),
)
_PATTERN = re.compile("|".join(pattern for pattern, _ in _CHANCE))
# Of metrics: how long something took, when it was first counted, what the process is like, and
# statements to the database, among which the pool's own checks are.
_MEASURED = re.compile(r"_(seconds|created)(_|\b)|^(process|python|django_db)_")


def normal(text: str) -> str:
    """An answer without what is chance."""
    return _PATTERN.sub("", text)


def counted(before: str, after: str) -> str:
    """What metrics counted between two looks, without what they measured; one a line."""
    earlier = _samples(before)
    grown = {
        name: value - earlier.get(name, 0.0)
        for name, value in _samples(after).items()
        if not _MEASURED.search(name.split("{")[0])
    }
    return "\n".join(f"{name} {value:g}" for name, value in sorted(grown.items()) if value)


def _samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
