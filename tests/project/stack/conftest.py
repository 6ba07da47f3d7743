import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from project.env import BASE
from project.stack.preflight import free_port


class Toys:
    """Supervisors with toy processes on one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *names: str) -> subprocess.Popen[str]:
        output = (self.data.parent / "output.txt").open("a")
        toys = Path(__file__).with_name("toys.py")
        self.started.append(
            subprocess.Popen(
                [sys.executable, str(toys), str(self.data), str(self.port), *names],
                env=os.environ | {"PYTHONPATH": str(BASE)},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        output.close()
        return self.started[-1]

    def output(self) -> str:
        return (self.data.parent / "output.txt").read_text()

    def said(self, text: str) -> Callable[[], bool]:
        return lambda: text in self.output()


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[Toys]:
    made = Toys(tmp_path / "data")
    yield made
    for supervisor in made.started:
        if supervisor.poll() is None:
            supervisor.terminate()
        supervisor.wait(timeout=15)
