"""Cost pools: what is to be divided, and the bills that are not in one yet (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.i18n import gettext as _
from app.pages.evidence_link import Proof, evidence_address
from app.pages.formats import money, quantity
from app.pages.formats import period as period_text
from app.pages.tables import Cell, Column, Table, cell, number
from app.pages.words import line_kind_name, unit_name
from billing.chargebacks.views import PoolLineView, PoolView, Sums
from billing.views import InvoiceSummary
from tenants.reads import TenantView

__all__ = ("PoolCard", "WaitingBill", "evidence_href", "pool_cards", "sums_by_currency", "waiting_bills")

REFUNDS_WITHIN = timedelta(days=366)
"""A pool does not say when its bill was issued: refunds of its periods are looked for a year long."""


@dataclass(frozen=True, slots=True)
class WaitingBill:
    """An issued bill of the month that no pool holds."""

    id: UUID
    name: str
    amount: str
    href: str


@dataclass(frozen=True, slots=True)
class PoolCard:
    """One pool with its lines."""

    name: str
    kind: str
    gross: str
    state: str
    tone: str
    bill: str | None
    table: Table


def waiting_bills(bills: Sequence[InvoiceSummary], pools: Sequence[PoolView], base: str) -> tuple[WaitingBill, ...]:
    """Return the issued bills that are not in a pool yet."""
    held = {pool.invoice_id for pool in pools}
    return tuple(
        WaitingBill(bill.id, bill.number or "", money(bill.gross), f"{base}/bills/{bill.id}")
        for bill in bills
        if bill.id not in held and bill.status in ("finalised", "paid", "uncollectible")
    )


def pool_cards(pools: Sequence[PoolView], tenant: TenantView) -> tuple[PoolCard, ...]:
    """Return the pools of a month."""
    return tuple(_card(pool, tenant) for pool in pools)


def sums_by_currency(sums: Sequence[Sums]) -> dict[str, Sums]:
    """Add up amounts, each currency for itself."""
    found: dict[str, Sums] = {}
    for one in sums:
        currency = one.net.currency
        found[currency] = found[currency] + one if currency in found else one
    return found


def _card(pool: PoolView, tenant: TenantView) -> PoolCard:
    left = pool.open_lines
    if left == 0:
        state, tone = _("Charged back"), "good"
    elif left < len(pool.lines):
        state, tone = _("%(count)s lines open") % {"count": quantity(left)}, "warn"
    else:
        state, tone = _("Open"), "info"
    return PoolCard(
        name=pool.name or _("Cost pool"),
        kind=_("Carried over") if pool.invoice_id is None else _("Invoice"),
        gross=money(pool.sums.gross),
        state=state,
        tone=tone,
        bill=f"/admin/{tenant.slug}/bills/{pool.invoice_id}" if pool.invoice_id else None,
        table=_table(pool, tenant),
    )


def _table(pool: PoolView, tenant: TenantView) -> Table:
    return Table(
        id=f"pool-{pool.id}",
        caption=_("Lines of %(pool)s") % {"pool": pool.name},
        columns=(
            Column(_("Line")),
            Column(_("Period")),
            Column(_("Quantity"), numeric=True),
            Column(_("Net"), numeric=True),
            Column(_("Tax"), numeric=True),
            Column(_("Gross"), numeric=True),
        ),
        rows=tuple(_row(line, tenant) for line in pool.lines),
        footer=(cell(_("Sum")), cell(""), cell(""), *_amounts(pool.sums)),
        empty_title=_("No lines"),
        empty_text=_("This pool holds nothing to divide."),
    )


def _row(line: PoolLineView, tenant: TenantView) -> tuple[Cell, ...]:
    kind = "" if line.kind in ("usage", "advance") else line_kind_name(line.kind)
    other = line.consumer if line.consumer_tenant_id != tenant.id else ""
    return (
        cell(line.description, sub=" · ".join(part for part in (kind, other) if part)),
        cell(period_text(line.period, tenant.tz), css="nowrap"),
        Cell(quantity(line.quantity, 4), href=evidence_href(line, tenant), sub=unit_name(line.unit, line.quantity)),
        *_amounts(line.sums),
    )


def _amounts(sums: Sums) -> tuple[Cell, Cell, Cell]:
    net, tax, gross = (number(money(one), one.text()) for one in (sums.net, sums.tax, sums.gross))
    return net, tax, gross


def evidence_href(line: PoolLineView, tenant: TenantView) -> str | None:
    """Return where the line's quantity is proven; another tenant's people are not the reader's to see."""
    if line.meter is None or line.consumer_tenant_id != tenant.id:
        return None
    proof = Proof(line.meter, line.period, line.charge_key, line.kind, line.period.ends_at + REFUNDS_WITHIN, None)
    return evidence_address(tenant.slug, proof)
