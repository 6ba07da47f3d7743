import os
import signal
import time
from pathlib import Path

from project.stack import logfiles

from .conftest import Toys
from .helpers import alive, eventually, members, pid_of, replaced, status


def test_readiness_is_announced_when_the_page_answers(toys: Toys) -> None:
    toys.start("good-step", "web")
    eventually(toys.said(f"Salon is ready: http://127.0.0.1:{toys.port}"))
    assert status(toys.data)["ready"]
    assert toys.output().index("good-step") < toys.output().index("web ")


def test_killed_child_comes_back_and_its_group_is_gone(toys: Toys) -> None:
    toys.start("forking")
    eventually(toys.said("forking      ready"))
    old = pid_of(toys.data, "forking")
    assert len(members(old)) == 4
    os.kill(old, signal.SIGKILL)
    eventually(replaced(toys.data, "forking", old))
    assert members(old) == []
    new = status(toys.data)["processes"][0]
    assert new["restarts"] == 1
    assert len(members(new["pid"])) == 4


def test_interrupt_ends_everything_within_ten_seconds(toys: Toys) -> None:
    supervisor = toys.start("web", "forking", "stubborn")
    eventually(toys.said("stubborn     ready"))
    groups = [row["pid"] for row in status(toys.data)["processes"]]
    begin = time.monotonic()
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(timeout=10) == 0
    assert time.monotonic() - begin < 10
    assert [members(group) for group in groups] == [[], [], []]
    assert all(row["pid"] is None for row in status(toys.data)["processes"])


def test_failing_step_ends_the_start_with_its_last_lines(toys: Toys) -> None:
    assert toys.start("bad-step", "web").wait(timeout=15) == 2
    assert "bad-step failed (exit code 1)" in toys.output()
    assert "no such table" in toys.output()
    assert "Salon is ready" not in toys.output()


def test_crashing_child_shows_its_log_once_and_is_tried_on(toys: Toys) -> None:
    toys.start("crashing", "web")
    eventually(toys.said("ended 5 times in a row (exit code 3)"), 20)
    eventually(lambda: status(toys.data)["processes"][0]["restarts"] >= 5)
    assert toys.output().count("out of paint") == 1


def test_missing_program_is_a_crash_like_others(toys: Toys) -> None:
    toys.start("missing", "web")
    eventually(toys.said("missing      ended"))
    eventually(toys.said("Salon is ready"))


def test_supervisor_killed_leaves_nobody_and_the_folder_can_be_used_again(toys: Toys) -> None:
    first = toys.start("web", "forking", "stubborn")
    eventually(toys.said("stubborn     ready"))
    groups = [row["pid"] for row in status(toys.data)["processes"]]
    first.kill()
    first.wait()
    toys.start("web")
    eventually(lambda: status(toys.data)["supervisor"] == toys.started[1].pid, 15)
    assert [members(group) for group in groups] == [[], [], []]
    eventually(lambda: status(toys.data)["ready"])


def test_guardian_killed_is_replaced_and_knows_all_groups(toys: Toys) -> None:
    supervisor = toys.start("stubborn")
    eventually(toys.said("stubborn     ready"))
    group = pid_of(toys.data, "stubborn")
    (old,) = guardians(supervisor.pid)
    os.kill(old, signal.SIGKILL)
    eventually(lambda: guardians(supervisor.pid) not in ([], [old]))
    time.sleep(0.3)  # for its interpreter to start
    (new,) = guardians(supervisor.pid)
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not alive(new))
    assert members(group) == []


def guardians(supervisor: int) -> list[int]:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    command = b"project.stack.guardian"
    return [
        int(child)
        for child in children
        if command in Path(f"/proc/{child}/cmdline").read_bytes() and alive(int(child))
    ]


def test_log_past_its_limit_is_moved_aside(tmp_path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as held_by_child:
        held_by_child.write(b"old\n" * 100)
        held_by_child.flush()
        logfiles.rotate(log, limit_bytes=100)
        held_by_child.write(b"new\n")
    assert log.read_text() == "new\n"
    assert (tmp_path / "web.log.1").read_text() == "old\n" * 100
    assert logfiles.tail(log, since=400) == "    new"
