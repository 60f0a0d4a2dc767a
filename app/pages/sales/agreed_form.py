"""What a contract agrees on beside its plan, as parts of a form: the same for a quote and for a new contract (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from app.i18n import gettext as _
from app.pages.said import Field, Maker, Said, Section
from app.pages.sales.document import applied
from core.errors import InputError
from plans.documents import PlanDocument, in_currency
from plans.terms import Commitment, Discount

__all__ = (
    "ADDON",
    "MOST",
    "PHASES",
    "PhaseSaid",
    "addons_said",
    "addons_section",
    "discount_section",
    "discounts_said",
    "minimums_of",
    "minimums_section",
    "negotiated",
    "own_prices",
    "phases_said",
    "ramp_section",
    "said_of_discount",
)

ADDON, MOST = "addon:", 1_000_000
PHASES = 4
MINIMUMS = 2
MINIMUM = "agreed_minimum_"
"""What the keys of minimums begin with that a form agrees on."""


@dataclass(frozen=True, slots=True)
class PhaseSaid:
    """A later stretch of a contract; `plan` empty and `quantity` None: as before."""

    starts_on: date
    plan: str
    quantity: int | None


def addons_section(made: Maker, addons: Sequence[tuple[str, str]]) -> Section:
    """Return the part of the form that asks for add-ons, by key and name."""
    fields = tuple(made.field(f"{ADDON}{key}", name, "figure") for key, name in addons)
    return Section(_("Add-ons"), (fields,), _("How many of each; empty: none."), folded=True)


def addons_said(said: Said) -> tuple[tuple[str, int], ...]:
    """Return the add-ons of a form with how many of each."""
    names = [name for name in said.fields if name.startswith(ADDON) and said.text(name) not in ("", "0")]
    return tuple((name.removeprefix(ADDON), said.whole(name, 1, MOST)) for name in names)


def ramp_section(made: Maker, plans: Sequence[tuple[str, str]]) -> Section:
    """Return the part of the form that asks for later stretches."""
    same = [("", _("as before")), *plans]
    rows = tuple(
        (
            made.field(f"phase{number}_on", _("From"), "day"),
            made.field(f"phase{number}_plan", _("Plan"), choices=same),
            made.field(f"phase{number}_quantity", _("Quantity"), "figure"),
        )
        for number in range(1, PHASES + 1)
    )
    told = _("Later stretches of the contract: from a day on another plan, another quantity, or both.")
    return Section(_("Ramp"), rows, told, folded=True)


def phases_said(said: Said, plans: Sequence[tuple[str, str]]) -> tuple[PhaseSaid, ...]:
    """Return the later stretches of a form; of a plan that is none of those sold, a fault is kept."""
    found = []
    for number in range(1, PHASES + 1):
        names = [f"phase{number}_{part}" for part in ("on", "plan", "quantity")]
        if not any(said.text(name) for name in names):
            continue
        plan, amount = said.text(names[1]), said.whole(names[2], 1, MOST, 0) or None
        if plan and plan not in dict(plans):
            said.fault(names[1], "plan_unknown", _("Choose one of the plans that are sold."))
        if not plan and amount is None:
            said.fault(names[2], "phase_empty", _("Say what changes: another plan or quantity."))
        found.append(PhaseSaid(said.day(names[0]), plan, amount))
    return tuple(found)


def discount_section(made: Maker) -> Section:
    """Return the part of the form that asks for a discount on the whole bill."""
    fields = (
        made.field("discount_percent", _("Discount in per cent"), "figure"),
        made.field("discount_amount", _("or an amount a period"), "figure"),
        made.field("discount_name", _("Its name on the bill")),
        made.field("discount_periods", _("Only in the first periods"), "figure"),
    )
    return Section(_("Discount"), (fields,))


def discounts_said(said: Said, currency: str) -> tuple[Discount, ...]:
    """Return the discount of a form, if it says one."""
    percent, amount = said.figure("discount_percent", Decimal(100)), said.figure("discount_amount")
    periods, name = said.whole("discount_periods", 1, 120, 0) or None, said.text("discount_name", 100)
    if percent and amount:
        said.fault("discount_amount", "discount_twice", _("Write a percentage or an amount, not both."))
    if not percent and not amount:
        return ()
    amounts = {currency: amount} if amount and not percent else {}
    return (
        Discount(key="quoted", name=name or _("Discount"), percent=percent or None, amounts=amounts, periods=periods),
    )


def said_of_discount(discounts: Sequence[Discount], currency: str) -> dict[str, str]:
    """Return the first discount as the form would say it."""
    if not discounts:
        return {}
    one, amount = discounts[0], discounts[0].amounts.get(currency)
    return {
        "discount_percent": f"{one.percent:f}" if one.percent is not None else "",
        "discount_amount": f"{amount:f}" if amount is not None else "",
        "discount_name": one.name,
        "discount_periods": str(one.periods or ""),
    }


def minimums_section(made: Maker) -> Section:
    """Return the part of the form that asks for minimum commitments."""
    ends = [("", _("the part that ran is due")), ("due", _("all of it is due"))]

    def row(number: int) -> tuple[Field, ...]:
        at = f"{MINIMUM}{number}"
        return (
            made.field(f"{at}_amount", _("At least"), "figure"),
            made.field(f"{at}_months", _("in a term of months"), "figure"),
            made.field(f"{at}_early_end", _("If it ends early"), choices=ends),
        )

    told = _(
        "What is missing to it is billed at the end of the term; without months, of each billing period. Use and fees"
        " count, after discounts."
    )
    return Section(_("Minimum commitments"), tuple(row(number) for number in range(1, MINIMUMS + 1)), told, folded=True)


def minimums_of(document: PlanDocument, currency: str) -> dict[str, str]:
    """Return the minimums that a form agreed on in negotiated terms, as it would say them again."""
    told: dict[str, str] = {}
    for one in document.commitments:
        if one.key.startswith(MINIMUM) and currency in one.amounts:
            told |= {f"{one.key}_amount": f"{one.amounts[currency]:f}", f"{one.key}_months": str(one.months or "")}
            told[f"{one.key}_early_end"] = "due" if one.early_end == "due" else ""
    return told


def own_prices(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields without the prices of another plan than the one that is chosen now."""
    same = fields.get("prices_of", fields.get("plan")) == fields.get("plan")
    return {name: text for name, text in fields.items() if same or not name.startswith("/")}


def negotiated(said: Said, document: PlanDocument, currency: str) -> tuple[PlanDocument | None, list[InputError]]:
    """Return the terms that a form agrees on in place of a version's, and what of its prices could not be read.

    Returns:
        None where it is the version as it is sold.
    """
    prices = {name: text for name, text in own_prices(said.fields).items() if name.startswith("/")}
    changed, faults = applied(document, prices)
    minimums = tuple(_minimums(said, currency))
    changed = msgspec.structs.replace(changed, commitments=(*changed.commitments, *minimums))
    if changed == document:
        return None, faults
    # A contract keeps its currency: what is agreed on for it needs no figures in others.
    priced = currency in document.currencies()
    return (in_currency(changed, currency) if priced else changed), faults


def _minimums(said: Said, currency: str) -> list[Commitment]:
    found = []
    for number in range(1, MINIMUMS + 1):
        at = f"{MINIMUM}{number}"
        amount, months = said.figure(f"{at}_amount"), said.whole(f"{at}_months", 1, 120, 0) or None
        if amount:
            name = _("Minimum") if months is None else _("Minimum of %(count)s months") % {"count": months}
            early: Literal["prorated", "due"] = "due" if said.text(f"{at}_early_end") == "due" else "prorated"
            found.append(Commitment(key=at, name=name, amounts={currency: amount}, months=months, early_end=early))
        elif months is not None:
            said.fault(f"{at}_amount", "amount_missing", _("Write how much it is at least."))
    return found
