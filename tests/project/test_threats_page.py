"""docs/threats.md names tests that exist, and every threat that tests speak of."""

from __future__ import annotations

import re
from pathlib import Path

from project.env import BASE

PAGE = BASE / "docs/threats.md"
_NAMED = re.compile(r"`((?:test|invariant)_\w+)`")
_PYTHON = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
_SOLIDITY = re.compile(r"function ((?:test|invariant)_\w+)")
_ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def tests() -> set[str]:
    """The name of every test, of the contracts' too."""
    found: set[str] = set()
    sources = ((Path("tests"), "test_*.py", _PYTHON), (Path("chain/forge"), "*.sol", _SOLIDITY))
    for folder, pattern, expression in sources:
        for path in (BASE / folder).rglob(pattern):
            found.update(expression.findall(path.read_text()))
    return found


def test_every_test_that_is_named_exists() -> None:
    named = set(_NAMED.findall(PAGE.read_text()))
    assert len(named) > 60
    assert named - tests() == set()


def test_every_threat_has_a_row_and_every_row_says_what_shows_it() -> None:
    rows = {int(number): shown for number, shown in _ROW.findall(PAGE.read_text())}
    assert list(rows) == list(range(1, 34))
    assert [
        n for n, shown in rows.items() if not _NAMED.search(shown) and "no test" not in shown
    ] == []


def test_tests_of_a_threat_are_named_in_its_own_row() -> None:
    for number, shown in _ROW.findall(PAGE.read_text()):
        of_others = {
            name
            for name in _NAMED.findall(shown)
            if (said := re.findall(r"threats?_(\d\d)(?:_and_(\d\d))?", name))
            and f"{int(number):02}" not in {part for pair in said for part in pair}
        }
        assert of_others == set(), number
