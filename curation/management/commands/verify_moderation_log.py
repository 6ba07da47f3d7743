from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.moderation import log, rules


class Command(BaseCommand):
    help = "Check the moderators' log, or an exported file of it, line by line."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", nargs="?", help="JSON lines as exported; else the database")
        parser.add_argument(
            "--head", metavar="NUMBER:DIGEST", help="a line noted earlier that must be in it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(_lines(options["file"]) if options["file"] else log.entries())
        faults = [str(fault) for fault in rules.faults_in(found)]
        if options["head"]:
            faults += _beheaded(found, options["head"])
        if faults:
            raise CommandError("The log was tampered with.\n" + "\n".join(faults))
        number, digest = (found[-1]["number"], found[-1]["digest"]) if found else (0, rules.FIRST)
        self.stdout.write(f"{len(found):,} actions, unbroken; the newest is {number}:{digest}")


def _lines(name: str) -> Iterator[dict[str, Any]]:
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise CommandError(f"row {number}: it is no JSON ({error}).") from error
        if not isinstance(entry, dict):
            raise CommandError(f"row {number}: it is no object.")
        yield entry


def _beheaded(found: list[dict[str, Any]], head: str) -> list[str]:
    """What is wrong with the line noted earlier."""
    number, _, digest = head.partition(":")
    kept = next((entry for entry in found if str(entry.get("number")) == number), None)
    if kept is None and number != "0":
        return [f"number {number}, which was noted earlier, is missing"]
    if kept is not None and kept.get("digest") != digest:
        return [f"number {number} has another digest than was noted earlier"]
    return []
