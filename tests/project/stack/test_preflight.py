import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from project.env import BASE
from project.stack import errors, lock, preflight


def run_stack(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    clean["CHAIN_PORT"] = str(preflight.free_port())
    return subprocess.run(
        [sys.executable, "-m", "project.stack"],
        cwd=BASE,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_old_python_is_named_with_the_one_needed() -> None:
    with pytest.raises(errors.PythonTooOld, match=r"3\.11 or newer; this is 3\.9\.2"):
        preflight.check_python((3, 9, 2))


def test_missing_package_says_make_install() -> None:
    with pytest.raises(errors.BinaryMissing, match=r"no_such_wheel.*make install"):
        preflight.check_packages("os", "no_such_wheel")


def test_full_disk_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(errors.DiskFull, match=str(tmp_path)):
        preflight.check_space(tmp_path, minimum_bytes=10**18)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_write_to_a_full_disk_is_called_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert isinstance(preflight.unusable(tmp_path, caught.value), errors.DiskFull)


def test_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(errors.FolderUnusable, match="SALON_DATA"):
        preflight.prepare_folder(tmp_path / "data")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_data_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(errors.FolderUnusable, match="Permission denied"):
        preflight.prepare_folder(tmp_path / "data")


def test_socket_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir(mode=0o755)
    preflight.prepare_sockets(tmp_path / "s")
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700


def test_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "s").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.FolderUnusable, match="belongs to somebody else"):
        preflight.prepare_sockets(tmp_path / "s")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_socket_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    os.chown(tmp_path / "s", 12345, 12345)
    with pytest.raises(errors.FolderUnusable, match="belongs to somebody else"):
        preflight.prepare_sockets(tmp_path / "s")


def test_too_long_socket_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.FolderUnusable, match="too long"):
        preflight.prepare_sockets(tmp_path / ("s" * 100))


def test_cluster_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    with pytest.raises(errors.FolderUnusable, match=f"user id {os.getuid()}"):
        preflight.give_to(12345, 12345, tmp_path)


def test_unknown_bind_address_is_refused() -> None:
    with pytest.raises(errors.PortTaken, match=r"BIND is 203\.0\.113\.7"):
        preflight.check_port("203.0.113.7", preflight.free_port())


def test_second_supervisor_on_the_same_data_is_refused(tmp_path: Path) -> None:
    held = lock.hold_lock(tmp_path)
    with pytest.raises(errors.AlreadyRunning, match=f"process {os.getpid()}"):
        lock.hold_lock(tmp_path)
    os.close(held)
    os.close(lock.hold_lock(tmp_path))


def test_taken_port_says_which_variable_to_change_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_stack(PORT=str(port), SALON_DATA=str(tmp_path))
    assert result.returncode == 2
    assert f"Port {port} is already taken" in result.stderr
    assert "make run" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "postgres" / "cluster").exists()


def test_taken_chain_port_says_which_variable_to_change_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        data = str(tmp_path)
        result = run_stack(PORT=str(preflight.free_port()), CHAIN_PORT=port, SALON_DATA=data)
    assert result.returncode == 2
    assert f"CHAIN_PORT {port} is already taken" in result.stderr
    assert "`CHAIN_PORT=" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "postgres" / "cluster").exists()


def test_unusable_variables_are_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for environment in (
        {"PORT": "many", "SALON_DATA": str(tmp_path)},
        {"SALON_DATA": str(tmp_path / "file")},
        {"SALON_DATA": str(tmp_path / "file" / "below"), "SECRET_KEY": "given"},
    ):
        result = run_stack(**environment)
        assert result.returncode == 2
        assert result.stderr.startswith("Salon cannot start: ")
        assert "Traceback" not in result.stderr
