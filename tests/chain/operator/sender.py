"""A process that keeps sending, to be killed: `python -m tests.chain.operator.sender FIRST`."""

from __future__ import annotations

import sys

import django

django.setup()

from chain.operator.calls import call  # noqa: E402
from chain.operator.following import follow  # noqa: E402
from chain.operator.selectors import TOKEN, address_of  # noqa: E402
from chain.operator.transactions import submit  # noqa: E402

SOMEBODY = "0x" + "5a" * 20


def main(first: int) -> None:
    """Give one token unit for each number, one purpose each."""
    print("ready", flush=True)
    for number in range(first, first + 100_000):
        data = call(TOKEN, "transfer", SOMEBODY, 1)
        submit(purpose=f"give {number}", to=address_of(TOKEN), data=data)
        if number % 3 == 0:
            follow()


if __name__ == "__main__":
    main(int(sys.argv[1]))
