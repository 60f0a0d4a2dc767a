"""Discounts, commitments and prepaid credits of a version in plain words (pure)."""

from collections.abc import Iterator, Sequence

from app.i18n import gettext as _
from app.pages.formats import quantity, unit_price
from app.pages.words import meter_name
from plans.documents import PlanDocument
from plans.terms import Commitment, CreditBlock, Discount

__all__ = ("agreement_rows", "discount_text")


def agreement_rows(document: PlanDocument, currency: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the three rows of a comparison, each with a line for each thing agreed on."""
    names = {charge.key: charge.name for charge in document.charges}

    def of(keys: Sequence[str], meters: Sequence[str] = ()) -> str:
        return ", ".join([*(names.get(key, key) for key in keys), *(meter_name(meter) for meter in meters)])

    return (
        (
            _("Discounts"),
            tuple(_told(one.name, _discount(one, currency, of(one.charges))) for one in document.discounts),
        ),
        (
            _("Minimum commitments"),
            tuple(_told(one.name, _commitment(one, currency, of(one.charges))) for one in document.commitments),
        ),
        (
            _("Prepaid credits"),
            tuple(_told(one.name, _credits(one, currency, of(one.charges, one.meters))) for one in document.credits),
        ),
    )


def discount_text(one: Discount, currency: str, of: str = "") -> str:
    """Return what a discount takes off, in a currency, and of what (`of`: names of charges)."""
    return ", ".join(_discount(one, currency, of))


def _told(name: str, parts: Iterator[str]) -> str:
    return _("%(name)s: %(parts)s") % {"name": name, "parts": ", ".join(parts)}


def _discount(one: Discount, currency: str, of: str) -> Iterator[str]:
    if one.percent is not None:
        yield _("%(percent)s%% off") % {"percent": quantity(one.percent, 4)}
    elif currency in one.amounts:
        yield _("%(amount)s off a period") % {"amount": unit_price(one.amounts[currency], currency)}
    yield _("of %(charges)s") % {"charges": of} if of else _("of the whole bill")
    if one.periods is not None:
        yield _("in the first %(count)s periods") % {"count": quantity(one.periods)}


def _commitment(one: Commitment, currency: str, of: str) -> Iterator[str]:
    if currency in one.amounts:
        amount = unit_price(one.amounts[currency], currency)
        yield (
            _("at least %(amount)s in each period") % {"amount": amount}
            if one.months is None
            else _("at least %(amount)s in %(count)s months") % {"amount": amount, "count": quantity(one.months)}
        )
    if of:
        yield _("of %(charges)s") % {"charges": of}
    if one.months is not None:
        yield _("all of it is due at an early end") if one.early_end == "due" else _("in part at an early end")


def _credits(one: CreditBlock, currency: str, of: str) -> Iterator[str]:
    if currency in one.amounts:
        yield unit_price(one.amounts[currency], currency)
    if currency in one.prices:
        yield _("for %(price)s") % {"price": unit_price(one.prices[currency], currency)}
    if not one.prices:
        yield _("granted")
    yield _("one time") if one.months is None else _("every %(count)s months") % {"count": quantity(one.months)}
    if one.expires_months is not None:
        yield _("expires after %(count)s months") % {"count": quantity(one.expires_months)}
    if one.rollover_months is not None:
        words = {"percent": quantity(one.rollover_percent, 4), "count": quantity(one.rollover_months)}
        yield _("up to %(percent)s%% go on for %(count)s months") % words
    if of:
        yield _("pays only %(charges)s") % {"charges": of}
    if one.refundable:
        yield _("can be given back")
