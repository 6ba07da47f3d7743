"""A supervisor with toy processes: `toys.py DATA PORT NAME…`, run by the tests."""

import signal
import sys
from pathlib import Path

from project.env import read_env
from project.stack.errors import StackError
from project.stack.lock import hold_lock
from project.stack.preflight import prepare_folder
from project.stack.processes import Process, Stack, page_answers
from project.stack.supervisor import Supervisor

FORKS = "import os, time; os.fork(); os.fork(); time.sleep(1000)"
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
time.sleep(1000)
"""


def python(name: str, code: str) -> Process:
    return Process(name, (sys.executable, "-c", code))


def toy(name: str, port: int) -> Process:
    env = read_env({"PORT": str(port), "SECRET_KEY": "unused"})
    serve = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    known = {
        "web": Process("web", serve, ready=lambda: page_answers(env)),
        "forking": python("forking", FORKS),
        "stubborn": python("stubborn", STUBBORN),
        "crashing": python("crashing", "print('out of paint'); raise SystemExit(3)"),
        "missing": Process("missing", ("/nowhere/program",)),
        "good-step": python("good-step", "pass"),
        "bad-step": python("bad-step", "print('no such table'); raise SystemExit(1)"),
    }
    return known[name]


def main(data: Path, port: int, names: list[str]) -> int:
    chosen = [toy(name, port) for name in names]
    stack = Stack(
        data,
        steps=tuple(process for process in chosen if "step" in process.name),
        processes=tuple(process for process in chosen if "step" not in process.name),
        announcement=f"Salon is ready: http://127.0.0.1:{port}",
    )
    try:
        prepare_folder(data)
        Supervisor(stack, lock=hold_lock(data)).run()
    except StackError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
