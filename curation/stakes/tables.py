"""Writing many rows of a projection at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

Value = int | str
Row = tuple[Value, ...]  # the key's columns, then the amounts; each key once


def copy(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Append rows given as PostgreSQL's text format: columns parted by tabs, a newline each.

    The caller makes them from numbers, hex and times alone: nothing here is escaped.
    """
    if not (text := "".join(lines)):
        return
    sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(sql) as stream:
        stream.write(text)


@dataclass(frozen=True)
class Sums:
    """A table of amounts that only ever change by differences; rows of nothing but zeros go."""

    table: str
    keys: Mapping[str, str]  # column → type
    amounts: tuple[str, ...]  # columns

    def add(self, rows: Iterable[Row]) -> None:
        """Add to the amounts of rows, which are made where there are none."""
        columns = ", ".join([*self.keys, *self.amounts])
        sums = ", ".join(f"{name} = t.{name} + EXCLUDED.{name}" for name in self.amounts)
        self._write(
            f"INSERT INTO {self.table} AS t ({columns}) SELECT * FROM {self._given()} "  # noqa: S608 - our own names
            f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {sums}",
            rows,
        )

    def change(self, rows: Iterable[Row]) -> int:
        """Add to the amounts of rows that are there; how many were."""
        sums = ", ".join(f"{name} = t.{name} + d.{name}" for name in self.amounts)
        same = " AND ".join(f"t.{key} = d.{key}" for key in self.keys)
        return self._write(
            f"UPDATE {self.table} AS t SET {sums} FROM {self._given()} WHERE {same}",  # noqa: S608 - as above
            rows,
        )

    def _given(self) -> str:
        """The rows as a table `d`, one array parameter for each column."""
        kinds = {**self.keys, **dict.fromkeys(self.amounts, "numeric")}
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds.values())
        return f"unnest({arrays}) AS d ({', '.join(kinds)})"

    def _write(self, sql: str, rows: Iterable[Row]) -> int:
        # In the order of their keys, so that no two writers wait for each other; as literals,
        # which hex and numbers need no quotes in, because psycopg looks at every item.
        columns = [f"{{{','.join(map(str, c))}}}" for c in zip(*sorted(rows), strict=True)]
        if not columns:
            return 0
        empty = " AND ".join(f"t.{name} = 0" for name in self.amounts)
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH written AS ({sql} RETURNING t.ctid AS place, {empty} AS empty) "  # noqa: S608 - as above
                "SELECT count(*), array_agg(place) FILTER (WHERE empty) FROM written",
                columns,
            )
            count, places = cursor.fetchone()
            if places:
                cursor.execute(f"DELETE FROM {self.table} WHERE ctid = ANY(%s::tid[])", [places])  # noqa: S608 - as above
        return int(count)


STAKES = Sums(
    "curation_stake",
    {"round_id": "bigint", "address": "text", "digest": "text"},
    ("staked_wei", "withdrawn_wei", "reward_wei"),
)
FUNDINGS = Sums(
    "curation_funding", {"round_id": "bigint", "address": "text"}, ("funded_wei", "refunded_wei")
)
BALANCES = Sums("curation_balance", {"address": "text"}, ("amount_wei",))
