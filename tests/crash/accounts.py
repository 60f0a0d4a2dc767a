"""Customers whose bills are due, and the proof that each was billed once and whole."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg

from core.db import Database
from core.periods import add_months
from core.scope import VENDOR_ID, TenantScope
from plans.actions.load_catalogue import load_catalogue
from plans.actions.subscribe import AddonInput, SubscribeInput, subscribe
from tests.builders.world import World

CHARGES = ("branded-app.members", "compliance.fee", "registered_members", "wbt_starts")
MONTHS = 2


@dataclass(frozen=True)
class Due:
    """What must be billed: once each."""

    tenant_id: UUID
    starts: tuple[date, ...]


class Accounts:
    """Takes on customers with two months to be billed each."""

    def __init__(self, database_url: str) -> None:
        self.world = World(Database(database_url, pool_size=2))
        self.due: list[Due] = []
        with self.world.db.begin(TenantScope(VENDOR_ID)) as session:
            load_catalogue(session, datetime(2020, 1, 1, tzinfo=UTC))

    def take_on(self, number: int) -> None:
        """Add that many customers whose contract began two months ago and whose grace is over."""
        this_month = datetime.now(UTC).date().replace(day=1)
        first = add_months(this_month, -MONTHS)
        signed_at = datetime(first.year, first.month, 1, tzinfo=UTC) - timedelta(days=1)
        for _ in range(number):
            slug = f"due-{len(self.due):05}"
            tenant = self.world.tenant(slug, time_zone="UTC", grace_hours=0)
            wanted = SubscribeInput(
                tenant.id,
                "light",
                "system:tests",
                addons=(AddonInput("branded-app"), AddonInput("compliance")),
                starts_on=first,
            )
            with self.world.db.begin(TenantScope(tenant.id)) as session:
                subscribe(session, wanted, signed_at)
            self.due.append(Due(tenant.id, tuple(add_months(first, month) for month in range(MONTHS))))


def billed_documents(database_url: str) -> int:
    """Return how many documents were issued."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select count(*) from invoice_issue").fetchone()
        assert row is not None
        return int(row[0])


def assert_billed_once(database_url: str, due: list[Due]) -> None:
    """Look at the tables themselves, as the superuser whom no policy binds."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select tenant_id, charge_key, (period_starts_at at time zone 'UTC')::date, revision from rated_line"
        ).fetchall()
        wanted = [(d.tenant_id, charge, start, 0) for d in due for charge in CHARGES for start in d.starts]
        assert sorted(rows) == sorted(wanted), "each (subscription, charge, period) once"

        halves = connection.execute(
            """
            select i.number, i.net_minor, i.tax_minor, i.gross_minor, l.lines, l.net, x.tax, t.owed
            from invoice_issue i
            left join lateral (
                select count(*) as lines, sum(net_minor) as net from invoice_line l
                where l.tenant_id = i.tenant_id and l.invoice_id = i.invoice_id
            ) l on true
            left join lateral (
                select coalesce(sum(tax_minor), 0) as tax from invoice_tax x
                where x.tenant_id = i.tenant_id and x.invoice_id = i.invoice_id
            ) x on true
            left join lateral (
                select coalesce(sum(amount_minor), 0) as owed from transfer t
                where t.tenant_id = i.tenant_id and t.invoice_id = i.invoice_id and t.debit_account = 'receivable'
            ) t on true
            """
        ).fetchall()
        assert len(halves) == MONTHS * len(due), "one document a customer and month"
        for number, net, tax, gross, lines, line_net, line_tax, owed in halves:
            assert (lines, line_net, line_tax, owed, net + tax) == (len(CHARGES), net, tax, gross, gross), number

        scalar = "select count(*) from {}"
        twice = scalar.format(
            "(select rated_line_id from invoice_line group by tenant_id, rated_line_id having count(*) > 1) d"
        )
        assert connection.execute(twice).fetchone() == (0,), "a rated line is on one document"
        assert connection.execute(scalar.format("invoice where status = 'draft'")).fetchone() == (0,)
        assert connection.execute(scalar.format("invoice")).fetchone() == (len(halves),)

        series = connection.execute(
            """
            select c.last_number, count(r.number), min(r.number), max(r.number), count(distinct r.invoice_id)
            from number_counter c
            join number_registry r using (legal_entity_id, series, year)
            group by c.legal_entity_id, c.series, c.year, c.last_number
            """
        ).fetchall()
        for last, count, low, high, documents in series:
            assert (count, low, high, documents) == (last, 1, last, last), "numbers have no gap"
        assert sum(last for last, *_ in series) == len(halves)

        balance = connection.execute(
            """
            select coalesce(sum(side), 0), coalesce(sum(side) filter (where account = 'receivable'), 0)
            from (
                select debit_account as account, amount_minor as side from transfer
                union all select credit_account, -amount_minor from transfer
            ) sides
            """
        ).fetchone()
        owed = connection.execute("select coalesce(sum(gross_minor), 0) from invoice_issue").fetchone()
        assert owed is not None
        assert balance == (0, owed[0]), "the ledger is balanced, and what is owed is what was billed"
