"""Kill -9 of the web service, the worker and PostgreSQL at random moments, under load.

`CRASH_ROUNDS` says how often (default 3, in which each of them is killed; `make crash` 200), `CRASH_SEED`
repeats a run's dice.
"""

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from uuid import UUID

import httpx
import psycopg
import pytest
from celery import Celery

from metering.ingest.keys import event_uuid
from tests.crash.accounts import MONTHS, Accounts, assert_billed_once, billed_documents
from tests.crash.senders import SOURCE, Memory, Sender, SenderByClient
from tests.crash.stack import CrashStack, crash_stack

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("CRASH_SEED", str(time.time_ns() % 1_000_000)))
CUSTOMERS_A_ROUND = 6
SENDERS = 3
FIRST_VICTIMS = (("web", "postgres"), ("worker",), ("postgres",))

pytestmark = pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="kills its own PostgreSQL only")


@pytest.fixture
def stack() -> Iterator[CrashStack]:
    with crash_stack() as running:
        yield running


class Biller(threading.Thread):
    """Starts invoice runs, by the API and by the worker at the same time, until told to stop."""

    def __init__(self, stack: CrashStack, key: str) -> None:
        super().__init__(daemon=True)
        self.stack = stack
        self.headers = {"Authorization": f"Bearer {key}"}
        self.stopping = threading.Event()

    def run(self) -> None:
        queue = Celery(broker=self.stack.environment["BROKER_URL"])
        with httpx.Client(base_url=self.stack.url, headers=self.headers, timeout=20) as client:
            while not self.stopping.is_set():
                queue.send_task("tollbook.bill")
                try:
                    client.post("/v1/invoice-runs", json={})
                except httpx.HTTPError:
                    self.stopping.wait(0.1)


def test_nothing_acknowledged_is_lost_and_nothing_is_counted_or_billed_twice(stack: CrashStack) -> None:
    print(f"CRASH_SEED={SEED} CRASH_ROUNDS={ROUNDS}")
    rng = Random(SEED)
    accounts, memory = Accounts(stack.database_url), Memory()
    sending = accounts.world.tenant("sending", time_zone="UTC")
    event_key = accounts.world.key("tenant_admin", sending)
    finance_key = accounts.world.key("vendor_finance")

    for round_ in range(ROUNDS):
        accounts.take_on(CUSTOMERS_A_ROUND)
        senders: list[Sender | SenderByClient] = [
            Sender(stack.url, event_key, f"r{round_}-s{number}", memory, rng.randrange(2**32))
            for number in range(SENDERS)
        ]
        senders.append(
            SenderByClient(stack.url, event_key, f"r{round_}-c", memory, stack.directory / f"spool-{round_}")
        )
        biller = Biller(stack, finance_key)
        for thread in (*senders, biller):
            thread.start()

        time.sleep(rng.random() * 1.2)
        victims = rng.sample(("web", "worker", "postgres"), rng.choice((1, 1, 2)))
        if round_ < len(FIRST_VICTIMS):
            victims = list(FIRST_VICTIMS[round_])
        for victim in victims:
            stack.kill(victim)
            time.sleep(rng.random() * 0.3)
        for victim in victims:
            stack.revive(victim)
        stack.wait_until_ready()
        time.sleep(rng.random() * 0.5)

        for thread in (*senders, biller):
            thread.stopping.set()
        for thread in (*senders, biller):
            thread.join(timeout=60)
            assert not thread.is_alive(), f"round {round_}: a client hangs"
        assert not [told for sender in senders for told in sender.wrong], f"round {round_}, killed {victims}"
        bill_the_rest(stack, finance_key, len(accounts.due))
        assert_facts_are_whole(stack.database_url, memory)
        assert_billed_once(stack.database_url, accounts.due)

    assert usage_of_today(stack, event_key) == stored_events(stack.database_url)
    assert len(memory.acknowledged) > 20 * ROUNDS, "the service was under load"
    print(f"sent {len(memory.sent)}, acknowledged {len(memory.acknowledged)}, customers {len(accounts.due)}")


def bill_the_rest(stack: CrashStack, key: str, customers: int) -> None:
    """Run until all is billed, as beat would minute by minute."""
    deadline = time.monotonic() + 60
    while billed_documents(stack.database_url) < customers * MONTHS:
        assert time.monotonic() < deadline, "the runs do not come to an end"
        answer = httpx.post(
            f"{stack.url}/v1/invoice-runs", json={}, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )
        assert answer.status_code == 201, answer.text
    # Once more: nothing is left, and nothing is billed again.
    httpx.post(f"{stack.url}/v1/invoice-runs", json={}, headers={"Authorization": f"Bearer {key}"}, timeout=60)


@cache
def _key_of(event_id: str) -> UUID:
    """Return an event's key; of 200 rounds a million are asked for round after round."""
    return event_uuid(SOURCE, event_id)


def assert_facts_are_whole(database_url: str, memory: Memory) -> None:
    with psycopg.connect(database_url) as connection:
        keys = [row[0] for row in connection.execute("select event_key from fact_key").fetchall()]
        for table in ("fact", "fact_body"):
            missing = connection.execute(
                f"select count(*) from fact_key k full join {table} f using (tenant_id, event_key)"
                " where k.event_key is null or f.event_key is null"
            ).fetchone()
            assert missing == (0,), f"a key without {table}, or the reverse"
    stored = set(keys)
    assert len(stored) == len(keys), "each event at most once"
    sent, acknowledged = set(map(_key_of, memory.sent)), set(map(_key_of, memory.acknowledged))
    assert stored <= sent, "nothing that nobody sent"
    assert acknowledged <= stored, f"{len(acknowledged - stored)} acknowledged events are lost"


def stored_events(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select count(*) from fact_key").fetchone()
        assert row is not None
        return int(row[0])


def usage_of_today(stack: CrashStack, key: str) -> int:
    """Return the number of contributions that the service counts."""
    today = datetime.now(UTC).date()
    span = {"from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1)), "granularity": "period"}
    answer = httpx.get(
        f"{stack.url}/v1/usage",
        params={"meter": "contributions", **span},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])
