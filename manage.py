#!/usr/bin/env python
"""Run a management command, with a plain message instead of a traceback for a wrong setting."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from project.env import EnvironmentInvalid  # noqa: PLC0415 - after the version check above

    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        execute_from_command_line(sys.argv)
    except EnvironmentInvalid as error:
        sys.exit(f"Salon cannot start:\n{error}")


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit(f"Salon needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    main()
