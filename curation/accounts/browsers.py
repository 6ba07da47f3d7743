"""What a user agent says it is, in a few words; it may say anything."""

from __future__ import annotations

# The first that is found counts: most browsers also claim to be the ones after them.
_FAMILIES = (
    ("MetaMaskMobile", "MetaMask"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_in_words(user_agent: str) -> str:
    """`Firefox on Windows`, as far as it tells; `An unknown browser` otherwise."""
    family = next((name for mark, name in _FAMILIES if mark in user_agent), "An unknown browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{family} on {system}" if system else family
