"""Customers billed in a process of its own: by the run, or plainly, customer by customer.

Reads `{"how": "run" | "plain", "url", "tenants", "month", "profile"}` and prints the seconds and CPU seconds that
it took, documents and their gross total in minor units, and for `profile` the costliest functions.
"""

import cProfile
import json
import pstats
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.process import tune_collector
from bench.contracts import billed_at
from billing.actions.bill_due import bill_due
from billing.actions.compose_draft import Taxes, draft_line
from billing.actions.rate_subscription import Wanted, reckon
from billing.drafts import Draft, DraftLine, draft_totals, printed_lines, supply_span
from billing.due import DueItem
from billing.evidence import evidence_rows, write_evidence
from billing.history import History
from billing.ledger import issue_movements
from billing.models import (
    BilledPeriod,
    EvidenceFile,
    Invoice,
    InvoiceIssue,
    InvoiceLine,
    InvoiceTax,
    NumberCounter,
    NumberRegistry,
    RatedLine,
    Transfer,
)
from billing.numbering import Numbered, series_of
from billing.reads import parties_of, tax_rates
from billing.totals import Totals
from billing.views import InvoiceLineView
from core.db import Database
from core.ids import new_id
from core.money import Money
from core.periods import Period
from core.scope import StewardScope, TenantScope
from metering.measurement import Measurement
from metering.reads import with_event_ids
from plans.actions.open_periods import close_period, open_periods
from plans.reads import periods, subscriptions
from plans.reads.figures import measured_sources
from plans.subscriptions import SubscriptionView
from tenants.actions.record_audit import record_audit
from tenants.reads import LegalEntityView, TenantView, get_legal_entity, get_tenant

ACTOR = "system:bench"
_TOP = 24


def bill_by_run(db: Database, tenants: Sequence[UUID], now: datetime) -> None:
    """Bill customers as operations do it."""
    done = bill_due(db, actor=ACTOR, tenant_ids=tenants, now_of=lambda _session, _tenant: now)
    assert done.failures == done.busy == (), done


def bill_plainly(db: Database, tenants: Sequence[UUID], now: datetime) -> None:
    """Bill one customer after the other, each in one transaction: the yardstick.

    Written as one would who knows the tables and has but one customer in mind: customer, issuer, contract, periods and
    tax rates are asked for once each, every meter by its own queries; the lines are rated by the engine that the run
    uses, under the same policies; the rows of each table go in by one insert, and the number comes from the locked
    counter. The rows are those that the run leaves, evidence, audit and outbox included.

    Not done is what the run does besides: locks on payers, a look for late facts and withdrawn documents, prepaid
    credits, advances that are to be recognised, a draft that is written before it is issued.
    """
    for tenant_id in tenants:
        with db.begin(TenantScope(tenant_id)) as session:
            tenant = get_tenant(session, tenant_id)
            entity = get_legal_entity(session, tenant.legal_entity_id)
            (known,) = subscriptions(session, tenant_id, now)
            subscription, _ = open_periods(session, tenant_id, known.id, now)
            _bill(session, tenant, entity, subscription, now)


def _bill(
    session: Session, tenant: TenantView, entity: LegalEntityView, subscription: SubscriptionView, now: datetime
) -> None:
    known = periods(session, tenant.id, subscription.id)
    span = next(view.span for view in known if view.closed_at is None and view.span.period.ends_at <= now)
    item = DueItem(tenant.id, subscription.id, span.period, "arrears")
    wanted = Wanted(tenant, subscription, (item,), now)
    bill = reckon(wanted, History({span.period.starts_at: span}), measured_sources(session, tenant))
    taxes = Taxes(entity, tenant, tax_rates(session))
    lines = tuple(draft_line(tenant, bill, part, taxes, now) for part in bill.parts)
    draft = Draft(currency=subscription.currency, claims=(), lines=lines, evidence=(), measured_at=now)
    invoice_id = new_id()
    session.execute(
        insert(Invoice).values(
            tenant_id=tenant.id, id=invoice_id, kind="invoice", status="draft", legal_entity_id=entity.id,
            currency=draft.currency, closes_on=span.period.ends_at.date(), run_id=None, credits_invoice_id=None,
            created_at=now, status_at=now, draft={}, issued_id=None,
        )
    )  # fmt: skip
    _write_claims(session, item, known[-1].span.period, (invoice_id, now))
    evidence = _write_evidence(session, tenant.id, invoice_id, bill.measurements, now)
    ids = [new_id() for _ in lines]
    session.execute(
        insert(RatedLine).execution_options(render_nulls=True),
        [_rated(line, line_id, invoice_id, now) | {"currency": draft.currency}
         for line, line_id in zip(lines, ids, strict=True)],
    )  # fmt: skip
    number = _take_number(session, tenant, entity, invoice_id, now)
    totals, printed = draft_totals(draft), printed_lines(draft, 1)
    _write_issue(session, (tenant, entity, invoice_id), (totals, printed, evidence, number), now)
    _write_lines(session, (tenant.id, invoice_id), printed, ids, totals)
    _post(session, (tenant.id, entity.id, invoice_id), totals, now)
    session.execute(
        update(Invoice)
        .where(Invoice.tenant_id == tenant.id, Invoice.id == invoice_id)
        .values(status="finalised", draft=None, issued_id=invoice_id)
    )
    detail = {"number": number, "gross": totals.gross.text(), "currency": draft.currency}
    record_audit(session, tenant.id, ACTOR, "finalise_invoice", ("invoice", str(invoice_id)), detail)


def _write_claims(session: Session, item: DueItem, following: Period, document: tuple[UUID, datetime]) -> None:
    """Claim the period, and the next one's (empty) advance as the run does."""
    invoice_id, now = document
    head = {"tenant_id": item.tenant_id, "subscription_id": item.subscription_id, "payer_tenant_id": item.tenant_id,
            "invoice_id": invoice_id, "measured_at": now}  # fmt: skip
    claimed = (("arrears", item.period), ("advance", following))
    session.execute(
        insert(BilledPeriod),
        [head | {"timing": timing, "starts_at": of.starts_at, "ends_at": of.ends_at} for timing, of in claimed],
    )
    close_period(session, item.tenant_id, item.subscription_id, item.period.starts_at, now)


def _write_evidence(
    session: Session, tenant_id: UUID, invoice_id: UUID, measurements: Sequence[Measurement], now: datetime
) -> tuple[int, str]:
    rows = []
    for measured in measurements:
        entries = with_event_ids(session, tenant_id, measured.entries)
        exclusions = with_event_ids(session, tenant_id, measured.exclusions)
        rows += evidence_rows(tenant_id, replace(measured, entries=entries, exclusions=exclusions))
    file = write_evidence(rows)
    session.execute(
        insert(EvidenceFile).values(
            tenant_id=tenant_id, invoice_id=invoice_id, sha256=file.sha256, payer_tenant_id=tenant_id,
            entry_count=file.count, content=zstandard.compress(file.content), created_at=now,
        )
    )  # fmt: skip
    return file.count, file.sha256


def _rated(line: DraftLine, line_id: UUID, invoice_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": line.consumer_tenant_id, "id": line_id, "subscription_id": line.subscription_id,
        "charge_key": line.charge_key, "period_starts_at": line.period_starts_at,
        "period_ends_at": line.period_ends_at, "revision": 0, "kind": line.kind, "meter": line.meter,
        "quantity": line.quantity, "unit": line.unit, "amount_minor": line.amount_minor, "steps": list(line.steps),
        "cost_centres": [list(pair) for pair in line.cost_centres], "payer_tenant_id": line.consumer_tenant_id,
        "invoice_id": invoice_id, "measured_at": now, "rated_at": now,
    }  # fmt: skip


def _take_number(session: Session, tenant: TenantView, entity: LegalEntityView, invoice_id: UUID, now: datetime) -> str:
    series = series_of(entity.id, "invoice", now.date(), None)
    counter = (
        NumberCounter.legal_entity_id == series.legal_entity_id,
        NumberCounter.series == series.name,
        NumberCounter.year == series.year,
    )
    last = session.execute(
        select(NumberCounter.last_number, NumberCounter.last_issued_on).where(*counter).with_for_update()
    ).one()
    number = Numbered(series, last.last_number + 1, now.date())
    session.execute(
        update(NumberCounter).where(*counter).values(last_number=number.number, last_issued_on=number.issued_on)
    )
    session.execute(
        insert(NumberRegistry).values(
            legal_entity_id=entity.id, series=series.name, year=series.year, number=number.number,
            issued_on=number.issued_on, previous_number=last.last_number or None,
            previous_issued_on=last.last_issued_on, tenant_id=tenant.id, invoice_id=invoice_id,
        )
    )  # fmt: skip
    return number.text(entity.number_prefix)


def _write_issue(
    session: Session,
    whose: tuple[TenantView, LegalEntityView, UUID],
    what: tuple[Totals, tuple[InvoiceLineView, ...], tuple[int, str], str],
    now: datetime,
) -> None:
    (tenant, entity, invoice_id), (totals, lines, (count, sha256), number) = whose, what
    supplied_from, supplied_to, _ = supply_span(lines)
    session.execute(
        insert(InvoiceIssue).values(
            tenant_id=tenant.id, invoice_id=invoice_id, number=number, issued_on=now.date(), due_on=now.date(),
            supplied_from=supplied_from, supplied_to=supplied_to, currency=totals.net.currency,
            net_minor=totals.net.amount_minor, tax_minor=totals.tax.amount_minor, gross_minor=totals.gross.amount_minor,
            purchase_order="", parties=msgspec.to_builtins(parties_of(entity, tenant)),
            base_currency=entity.base_currency, base_rate=1, base_rate_on=now.date(), base_rate_source="same currency",
            evidence_count=count, evidence_sha256=sha256, evidence_files=[[str(tenant.id), count, sha256]],
            issued_at=now,
        )
    )  # fmt: skip


def _write_lines(
    session: Session,
    document: tuple[UUID, UUID],
    lines: Sequence[InvoiceLineView],
    ids: Sequence[UUID],
    totals: Totals,
) -> None:
    head: dict[str, Any] = dict(zip(("tenant_id", "invoice_id"), document, strict=True))
    rows = [
        head | {
            "position": line.position, "kind": line.kind, "consumer_tenant_id": line.consumer_tenant_id,
            "consumer_name": line.consumer_name, "subscription_id": line.subscription_id,
            "charge_key": line.charge_key, "description": line.description, "meter": line.meter,
            "period_starts_at": line.period.starts_at, "period_ends_at": line.period.ends_at,
            "supplied_from": line.supplied_from, "supplied_to": line.supplied_to, "quantity": line.quantity,
            "unit": line.unit, "net_minor": line.amount.amount_minor, "currency": line.amount.currency,
            "tax_category": line.tax_category, "tax_percent": line.tax_rate, "tax_note": line.tax_note,
            "purchase_order": line.purchase_order, "steps": list(line.steps),
            "cost_centres": [[code, str(share)] for code, share in line.cost_centres], "rated_line_id": line_id,
        }
        for line, line_id in zip(lines, ids, strict=True)
    ]  # fmt: skip
    session.execute(insert(InvoiceLine).execution_options(render_nulls=True), rows)
    groups = [
        head | {"category": group.category, "percent": group.percent, "note": "",
                "taxable_minor": group.taxable.amount_minor, "tax_minor": group.tax.amount_minor}
        for group in totals.groups
    ]  # fmt: skip
    session.execute(insert(InvoiceTax), groups)


def _post(session: Session, whose: tuple[UUID, UUID, UUID], totals: Totals, now: datetime) -> None:
    tenant_id, entity_id, invoice_id = whose
    currency = totals.net.currency
    session.execute(
        insert(Transfer),
        [
            {
                "tenant_id": tenant_id, "id": new_id(), "legal_entity_id": entity_id, "invoice_id": invoice_id,
                "kind": movement.kind, "reference": "", "debit_account": movement.debit.value,
                "credit_account": movement.credit.value, "amount_minor": movement.amount.amount_minor,
                "currency": currency, "base_amount_minor": movement.amount.amount_minor, "base_currency": currency,
                "base_rate": 1, "base_rate_on": now.date(), "booked_on": now.date(), "posted_at": now,
            }
            for movement in issue_movements(totals.net, Money(0, currency), totals.tax)
        ],
    )  # fmt: skip


def main() -> None:
    """Bill what standard input asks for."""
    tune_collector()  # as the worker does
    given = json.load(sys.stdin)
    db, tenants = Database(given["url"]), [UUID(tenant) for tenant in given["tenants"]]
    bill = bill_by_run if given["how"] == "run" else bill_plainly
    profile = cProfile.Profile() if given.get("profile") else None
    started, spent = time.perf_counter(), time.process_time()
    with profile or nullcontext():
        bill(db, tenants, billed_at(given["month"]))
    told = {"seconds": time.perf_counter() - started, "cpu_s": time.process_time() - spent}
    print(
        json.dumps(told | _billed(db, tenants, billed_at(given["month"])) | {"profile": _told(profile, len(tenants))})
    )


def _billed(db: Database, tenants: Sequence[UUID], now: datetime) -> dict[str, int]:
    with db.begin(StewardScope()) as session:
        count, gross = session.execute(
            select(func.count(), func.sum(InvoiceIssue.gross_minor)).where(
                InvoiceIssue.tenant_id.in_(tenants), InvoiceIssue.issued_on == now.astimezone(UTC).date()
            )
        ).one()
    return {"documents": count, "gross_minor": int(gross or 0)}


def _told(profile: cProfile.Profile | None, documents: int) -> list[str]:
    """Return the functions of the service that take longest with all they call, per document."""
    if profile is None:
        return []
    stats: Any = pstats.Stats(profile)
    places = ("/billing/", "/plans/", "/metering/", "/tenants/")
    own = [item for item in stats.stats.items() if any(place in item[0][0] for place in places)]
    statements = sum(calls for (_, _, name), (_, calls, *_) in stats.stats.items() if name == "do_execute")
    lines = [f"{statements / documents:.0f} statements a document", f"{'ms/document':>12}{'calls':>8}  function"]
    for (file, line, name), (_, calls, _, whole_s, _) in sorted(own, key=lambda item: -item[1][3])[:_TOP]:
        place = f"{Path(file).parent.name}/{Path(file).name}:{line} {name}"
        lines.append(f"{whole_s / documents * 1e3:>12.2f}{calls / documents:>8.1f}  {place}")
    return lines


if __name__ == "__main__":
    main()
