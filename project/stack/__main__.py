"""`python -m project.stack`: run Salon on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from project.stack.errors import StackError
from project.stack.preflight import (
    check_packages,
    check_port,
    check_python,
    check_space,
    prepare_folder,
    unusable,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the stack; 0 when it was asked to stop, 2 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m project.stack", description=__doc__)
    parser.add_argument("--services-only", action="store_true", help="no processes of Salon's own")
    parser.add_argument(
        "--not-durable", action="store_true", help="faster, may lose writes with the power"
    )
    parser.add_argument(
        "--while-parent-lives", action="store_true", help="end when the parent process does"
    )
    options = parser.parse_args(arguments)
    try:
        check_python()
        check_packages("django", "daphne", "dramatiq", "psycopg", "redis")
        run(options)
    except StackError as error:
        print(f"Salon cannot start: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before anything was started
        return 0
    return 0


def run(options: argparse.Namespace) -> None:
    """Check what can be checked, then hand over to the supervisor.

    Raises:
        StackError: with what to do about it.
    """
    # The rest needs the Python version and the packages checked before.
    from project.env import BASE, Env, EnvironmentInvalid, read_env  # noqa: PLC0415
    from project.stack import processes, services  # noqa: PLC0415
    from project.stack.lock import hold_lock  # noqa: PLC0415
    from project.stack.supervisor import Supervisor, say  # noqa: PLC0415

    parent = os.getppid() if options.while_parent_lives else None
    try:
        env: Env = read_env()
    except EnvironmentInvalid as error:
        raise StackError(str(error)) from error
    except OSError as error:
        raise unusable(BASE / os.environ.get("SALON_DATA", ".salon"), error) from error
    data = env.salon_data
    prepare_folder(data)
    check_space(data)
    lock = hold_lock(data)
    try:
        every = {"postgres", "valkey", "anvil"}
        names = every if options.services_only else services.embedded_names()
        if not options.services_only:
            check_port(env.bind, env.port)
        if "anvil" in names:
            check_port("127.0.0.1", env.chain_port, variable="CHAIN_PORT")
        embedded = services.embedded_services(env, names, durable=not options.not_durable)
        if options.services_only:
            stack = processes.Stack(data, services=embedded)
        else:
            environment = processes.environment(env, names)
            stack = processes.Stack(
                data,
                services=embedded,
                steps=processes.site_steps(environment),
                processes=processes.site_processes(env, environment),
                announcement=f"Salon is ready: {processes.local_url(env)}",
            )
        say(f"Salon is starting; its data is in {data}")
        Supervisor(stack, lock=lock, parent=parent).run()
        shutil.rmtree(env.socket_dir, ignore_errors=True)
    finally:
        os.close(lock)


if __name__ == "__main__":
    sys.exit(main())
