"""Checks that need Django: migrations complete, templates compile, deploy settings sound.

`python -m tests.project_checks`; part of `make check`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def compile_templates() -> list[str]:
    """Templates that do not compile, with the reason."""
    import django
    from django.template import TemplateSyntaxError
    from django.template.loader import get_template

    django.setup()
    folder = Path("templates")
    broken = []
    for path in sorted(folder.rglob("*.html")):
        try:
            get_template(path.relative_to(folder).as_posix())
        except TemplateSyntaxError as error:
            broken.append(f"{path}: {error}")
    return broken


def main() -> None:
    """Run every check and exit with the first failure's code."""
    with tempfile.TemporaryDirectory() as data:
        public = {
            "SALON_DATA": data,
            "SITE_URL": "https://salon.example",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }
        os.environ.update(public)
        manage = [sys.executable, "manage.py"]
        subprocess.run([*manage, "check", "--deploy", "--fail-level", "WARNING"], check=True)
        from project.stack.services import running_services

        with running_services(Path(data), durable=False) as urls:
            environment = os.environ | urls
            command = [*manage, "makemigrations", "--check", "--dry-run"]
            subprocess.run(command, check=True, env=environment)
        if broken := compile_templates():
            sys.exit("\n".join(broken))


if __name__ == "__main__":
    main()
