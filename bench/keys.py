"""`python -m bench.keys [rows]`: what keys in the order of time save over hashed ones, on a large index.

Two tables with the key table's columns are filled with `rows` keys (default 20 M) and vacuumed; then,
right after a CHECKPOINT and again later, the same number of rows is copied into each in turns, 1,000
a transaction by two connections. Time-ordered keys are those of UUIDv7 ids (milliseconds, then a
hash), hashed ones those of any other id. Fresh tables would flatter the hashed ones: their index fits
into memory and few of its pages are new to the log.
"""

import os
import sys
import threading
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg

from bench.figures import RESULTS, machine_facts
from bench.stand import Options, Stand, stand

__all__ = ("Cost", "main")

_COPIED = 50_000
_CHUNK = 500_000
_TENANT = bytes(15) + b"\x01"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a row cost."""

    rate: float
    """Rows a second."""
    cpu_us: float
    """PostgreSQL's CPU."""
    wal_bytes: float


def _fill(url: str, table: str, rows: int) -> None:
    prefix = (
        "lpad(to_hex(1700000000000 + n * 1000), 12, '0')" if table == "key_ordered" else "substr(md5(n || 'x'), 21)"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"create table {table} (tenant_id uuid, event_key uuid, content_hash bytea, accepted_at timestamptz)"
        )
        for first in range(0, rows, _CHUNK):
            connection.execute(
                f"""
                insert into {table}
                select %s, ({prefix} || substr(md5(n::text), 1, 20))::uuid, decode(md5(n::text), 'hex'), now()
                from generate_series({first}::bigint, {min(first + _CHUNK, rows) - 1}) n
                """,  # noqa: S608 - made of constants
                (f"{int.from_bytes(_TENANT, 'big'):032x}",),
            )
        connection.execute(f"alter table {table} add primary key (tenant_id, event_key) with (fillfactor = 70)")
        connection.execute(f"vacuum analyze {table}")


def _rows(ordered: bool, number: int) -> list[bytes]:
    """Return transactions in COPY's format; keys are sorted within each, as the writer sorts them."""
    now_ms = time.time_ns() // 1_000_000
    keys = [
        (now_ms + n // 1_000).to_bytes(6, "big") + os.urandom(10) if ordered else os.urandom(16) for n in range(number)
    ]
    packed = []
    for start in range(0, number, 1_000):
        some = b"".join(
            b"\0\4\0\0\0\x10" + _TENANT + b"\0\0\0\x10" + key + b"\0\0\0\x10" + key[::-1] + b"\0\0\0\x08" + bytes(8)
            for key in sorted(keys[start : start + 1_000])
        )
        packed.append(_HEADER + some + b"\xff\xff")
    return packed


def _copy(place: Stand, table: str) -> Cost:
    stock = _rows(table == "key_ordered", _COPIED)

    def work() -> None:
        with psycopg.connect(place.database_url) as connection, connection.cursor() as cursor:
            while stock:
                content = stock.pop()
                with connection.transaction(), cursor.copy(f"copy {table} from stdin (format binary)") as copy:
                    copy.write(content)

    with psycopg.connect(place.database_url, autocommit=True) as connection:

        def written() -> Any:
            row = connection.execute("select pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
            assert row is not None
            return row[0]

        before, cpu, start = written(), place.postgres_cpu_s(), time.perf_counter()
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, spent = time.perf_counter() - start, place.postgres_cpu_s() - cpu
        return Cost(_COPIED / seconds, spent / _COPIED * 1e6, float(written() - before) / _COPIED)


def main() -> None:
    """Print a row of the table of docs/performance.md for each kind of key and moment."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    with stand(Options()) as place:
        print(machine_facts(place.postgresql_version()), f"rows {rows:,}")
        tables = ("key_ordered", "key_hashed")
        for table in tables:
            start = time.perf_counter()
            _fill(place.database_url, table, rows)
            print(f"{table} filled in {time.perf_counter() - start:.0f} s", flush=True)
        seen: dict[tuple[str, str], list[Cost]] = {}
        for _ in range(3):
            place.checkpoint()
            for moment in ("right after a checkpoint", "later"):
                for table in tables:
                    seen.setdefault((moment, table), []).append(_copy(place, table))
        for (moment, table), costs in seen.items():
            rate, cpu, wal = (median(getattr(cost, name) for cost in costs) for name in ("rate", "cpu_us", "wal_bytes"))
            print(f"| {moment} | {table.removeprefix('key_')} | {rate:,.0f} | {cpu:.1f} | {wal:,.0f} |")
    print(f"(other figures stand in {RESULTS})")


if __name__ == "__main__":
    main()
