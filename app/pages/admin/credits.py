"""Prepaid credits as their owner reads them: what is left, until when, and how each block moved (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.admin.usage import Stat
from app.pages.formats import day, instant, money, quantity
from app.pages.tables import PAGE_SIZE, Cell, Column, Table, TableQuery, cell, number, status
from app.pages.words import meter_name
from billing.views import GrantView, MovementView
from core.money import Money
from core.periods import local_date

__all__ = ("Leaving", "block_facts", "credits_table", "done_text", "leaving_of", "moved_table", "usable_stats")


@dataclass(frozen=True, slots=True)
class Leaving:
    """How what is left of a block can be taken or given back; without a word it cannot, and `text` says why."""

    label: str
    word: str
    text: str


def leaving_of(one: GrantView) -> Leaving | None:
    """Return what the vendor can do with what is left of a block; None where nothing is left."""
    if not one.remaining.amount_minor:
        return None
    left = {"amount": money(one.remaining), "price": money(one.deferred)}
    if not one.paid.amount_minor and one.subscription_id is None:
        told = _("%(amount)s are taken back, and pay nothing any more. What they paid so far stays paid.")
        return Leaving(_("Take back what is left"), _("withdraw"), told % left)
    if one.refundable and one.deferred.amount_minor and one.rolled_from_id is None:
        told = _("A credit note over %(price)s before tax is issued at once; the %(amount)s left pay nothing any more.")
        return Leaving(_("Give back what is left"), _("refund"), told % left)
    if one.subscription_id is not None:
        return Leaving("", "", _("These credits belong to a contract: what is left stays with it."))
    told = _("By their terms nothing is given back. A credit note on the bill that sold them is always possible.")
    return Leaving("", "", told)


def done_text(done: str) -> str:
    """Return what was done, for the page that comes after it."""
    texts = {
        "brought": _("The credits are there: the next bills draw on them."),
        "withdrawn": _("What was left is taken back."),
        "refunded": _("What was left is given back; the credit note stands among the bills."),
    }
    return texts.get(done, "")


def usable_stats(usable: Sequence[Money]) -> tuple[Stat, ...]:
    """Return what can be used now, by currency."""
    return tuple(Stat(_("To be used now"), money(amount), "", "", "", "") for amount in usable if amount.amount_minor)


def credits_table(found: Sequence[GrantView], base: str, now: datetime, tz: ZoneInfo, query: TableQuery) -> Table:
    """Return blocks, newest first, each leading to its ledger; one more than a page says that there are more."""
    return Table(
        id="credits",
        caption=_("Prepaid credits"),
        columns=(
            Column(_("Block")),
            Column(_("Status")),
            Column(_("From")),
            Column(_("Until")),
            Column(_("In all"), numeric=True),
            Column(_("Left"), numeric=True),
        ),
        rows=tuple(_row(one, base, now, tz) for one in found[:PAGE_SIZE]),
        pager=query.pager_of(found, lambda one: one.id),
        empty_title=_("No prepaid credits"),
        empty_text=_("They come with a plan, or your vendor sells or grants them; they then pay your bills."),
    )


def moved_table(
    found: Sequence[MovementView], bills: str, numbers: Mapping[UUID, str], tz: ZoneInfo, query: TableQuery
) -> Table:
    """Return what came onto a block and went off it, newest first, each with the document that moved it."""
    return Table(
        id="movements",
        caption=_("Ledger"),
        columns=(
            Column(_("When")),
            Column(_("What")),
            Column(_("Document")),
            Column(_("Amount"), numeric=True),
            Column(_("Left"), numeric=True),
        ),
        rows=tuple(
            (
                cell(instant(one.moved_at, tz), css="nowrap"),
                cell(_kind(one.kind)),
                cell(numbers.get(one.invoice_id, ""), f"{bills}/{one.invoice_id}") if one.invoice_id else cell(""),
                number(("+" if one.amount.amount_minor > 0 else "") + money(one.amount), one.amount.text()),
                number(money(one.remaining), one.remaining.text()),
            )
            for one in found[:PAGE_SIZE]
        ),
        pager=query.pager_of(found, lambda one: one.id),
        empty_title=_("Nothing moved yet"),
        empty_text=_("Every use, return and lapse of these credits will stand here."),
    )


def block_facts(one: GrantView, now: datetime, tz: ZoneInfo, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what was agreed on for a block, by name; `names` of charges by key."""
    facts = [
        (_("Status"), _state(one, now)[0]),
        (_("Origin"), _origin(one.origin)),
        (_("In all"), money(one.amount)),
        (_("Paid for it, before tax"), money(one.paid)),
        (_("From"), day(local_date(one.starts_at, tz))),
        (_("Until"), _until(one, tz)),
        (_("Order"), _("%(order)s; the lower goes first") % {"order": quantity(one.priority)}),
    ]
    only = [*(names.get(key, key) for key in one.charges), *(meter_name(name) for name in one.meters)]
    if only:
        facts.append((_("Pays only"), ", ".join(only)))
    if one.refundable:
        facts.append((_("Paid, not used"), _("can be given back")))
    if one.rollover_months is not None:
        words = {"share": f"{one.rollover_percent.normalize():f}", "months": one.rollover_months}
        facts.append((_("Goes on"), _("at most %(share)s %% of the block, for %(months)s months") % words))
    if one.reason:
        facts.append((_("Reason"), one.reason))
    return tuple(facts)


def _row(one: GrantView, base: str, now: datetime, tz: ZoneInfo) -> tuple[Cell, ...]:
    return (
        cell(one.name, f"{base}/{one.id}", sub=_origin(one.origin)),
        status(*_state(one, now)),
        cell(day(local_date(one.starts_at, tz)), css="nowrap"),
        cell(_until(one, tz), css="nowrap"),
        number(money(one.amount), one.amount.text()),
        number(money(one.remaining), one.remaining.text()),
    )


def _until(one: GrantView, tz: ZoneInfo) -> str:
    if one.expires_at is None:
        return _("without end")
    return _("before %(day)s") % {"day": day(local_date(one.expires_at, tz))}


def _state(one: GrantView, now: datetime) -> tuple[str, str]:
    if not one.remaining.amount_minor:
        return _("Used up"), ""
    if one.expires_at is not None and one.expires_at <= now:
        return _("Expired"), "warn"
    return (_("Begins later"), "") if one.starts_at > now else (_("Can be used"), "good")


def _origin(origin: str) -> str:
    names = {
        "purchase": _("bought"), "plan": _("came with the plan"), "granted": _("granted"),
        "rollover": _("goes on from an earlier block"),
    }  # fmt: skip
    return names[origin]


def _kind(kind: str) -> str:
    names = {
        "granted": _("Brought"), "drawn": _("Paid a bill"), "returned": _("Came back"), "expired": _("Lapsed"),
        "rolled_over": _("Went on to the next block"), "refunded": _("Given back in money"),
        "revoked": _("Taken back"),
    }  # fmt: skip
    return names[kind]
