"""Moves of customers as a reader sees them (pure)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.i18n import gettext as _
from app.pages.formats import day, minor, quantity
from app.pages.tables import Cell, Column, Table, TableQuery, cell, number, status
from app.pages.words import state_badge
from core.money import Money
from core.periods import local_date
from plans.reads.moves import MoveItemView, MoveView
from tenants.reads import TenantView

__all__ = ("items_table", "move_counts", "move_title", "moves_table")


def move_title(move: MoveView, names: Mapping[str, str]) -> str:
    """Return what a move is called; `names` are those of plans."""
    words: dict[str, object] = {"first": move.from_number, "last": move.to_number}
    if move.to_plan_key != move.plan_key:
        words["plan"] = names.get(move.to_plan_key, move.to_plan_key)
        if move.preview:
            return _("Preview: version %(first)s to %(plan)s, version %(last)s") % words
        return _("Move: version %(first)s to %(plan)s, version %(last)s") % words
    if move.preview:
        return _("Preview: version %(first)s to %(last)s") % words
    return _("Move: version %(first)s to %(last)s") % words


def moves_table(found: Sequence[MoveView], base: str, names: Mapping[str, str]) -> Table:
    """Return moves and previews, newest first."""
    return Table(
        id="moves",
        caption=_("Moves and previews"),
        columns=(Column(_("Move")), Column(_("Begun")), Column(_("Status")), Column(_("Contracts"), numeric=True)),
        rows=tuple(
            (
                cell(move_title(one, names), f"{base}/{one.id}"),
                cell(day(one.created_at.date()), css="nowrap"),
                status(*state_badge(one.status)),
                number(quantity(sum(one.counts.values())), str(sum(one.counts.values()))),
            )
            for one in found
        ),
        empty_title=_("Nobody was moved yet"),
        empty_text=_("Begin with a preview: it tells what would change for each customer."),
    )


def move_counts(move: MoveView) -> tuple[tuple[str, str], ...]:
    """Return how many contracts stand where."""
    names = {
        "waiting": _("Waiting"),
        "moves": _("Would move"),
        "moved": _("Moved"),
        "refused": _("Cannot be moved"),
    }
    return tuple((label, quantity(move.counts[key])) for key, label in names.items() if key in move.counts)


def items_table(
    items: Sequence[MoveItemView], tenants: Mapping[UUID, TenantView], query: TableQuery, after: str | None
) -> Table:
    """Return what became of each contract, with the money of its running period."""
    return Table(
        id="items",
        caption=_("Contracts"),
        columns=(
            Column(_("Customer")),
            Column(_("What became of it")),
            Column(_("From")),
            Column(_("Running period now"), numeric=True),
            Column(_("And then"), numeric=True),
            Column(_("Difference"), numeric=True),
        ),
        rows=tuple(_row(one, tenants.get(one.customer_id)) for one in items),
        pager=query.pager(after),
        empty_title=_("No contract"),
        empty_text=_("It concerns nobody."),
    )


def _row(one: MoveItemView, tenant: TenantView | None) -> tuple[Cell, ...]:
    names = {
        "waiting": (_("Waiting"), "info"),
        "moves": (_("Would move"), "good"),
        "moved": (_("Moved"), "good"),
        "refused": (_("Cannot be moved"), "bad"),
    }
    where = cell(tenant.name, f"/sales/customers/{tenant.slug}") if tenant else cell(str(one.customer_id))
    since = day(local_date(one.effective_at, tenant.tz)) if one.effective_at and tenant else "–"
    before, after = one.before_minor, one.after_minor
    change = None if before is None or after is None else after - before
    text, tone = names[one.status]
    state = cell(one.detail, sub=one.code) if one.code else status(text, tone)
    return (
        where,
        state,
        cell(since, css="nowrap"),
        *(_amount(minor_, one.currency) for minor_ in (before, after, change)),
    )


def _amount(amount_minor: int | None, currency: str) -> Cell:
    if amount_minor is None:
        return cell("–")
    return number(minor(amount_minor, currency), Money(amount_minor, currency).text())
