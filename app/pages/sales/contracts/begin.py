"""The form of a new contract: what was written becomes the request that is previewed and then carried out (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from app.i18n import gettext as _
from app.pages.said import Maker, Said, Section
from app.pages.sales.agreed_form import (
    MOST,
    addons_said,
    addons_section,
    discount_section,
    discounts_said,
    minimums_section,
    negotiated,
    phases_said,
    ramp_section,
)
from plans.actions.subscribe import AddonInput, Phase, SubscribeInput
from plans.documents import PlanDocument

__all__ = (
    "Sold",
    "begin_sections",
    "fresh",
    "plan_said",
    "to_begin",
)


@dataclass(frozen=True, slots=True)
class Sold:
    """What can be chosen."""

    plans: Sequence[tuple[str, str]]
    """`key@number` and name of each version that is sold."""
    addons: Sequence[tuple[str, str]]
    """Key and name."""
    currencies: Sequence[str]
    coupons: str
    """A sentence about those that can be used."""


def begin_sections(made: Maker, sold: Sold) -> tuple[Section, ...]:
    """Return the form of a new contract, part by part."""
    field = made.field
    currencies = [(code, code) for code in sold.currencies]
    return (
        Section(
            _("Contract"),
            (
                (
                    field("plan", _("Plan"), "wide", sold.plans),
                    field("quantity", _("Quantity"), "figure"),
                    field("currency", _("Currency"), choices=currencies),
                    field("starts_on", _("First day"), "day"),
                    replace(field("last_day", _("Last day"), "day"), hint=_("Empty: no end.")),
                    field("purchase_order", _("Purchase order")),
                    field("key", _("Name of the contract")),
                ),
            ),
        ),
        addons_section(made, sold.addons),
        Section(
            _("Trial, renewal and billing days"),
            (
                (
                    field("trial_days", _("Days of trial"), "figure"),
                    field("renews_months", _("Renews for so many months"), "figure"),
                    field("notice_days", _("Settled so many days before"), "figure"),
                    field("anchor_on", _("Periods are cut by this day"), "day"),
                ),
            ),
            _(
                "A contract with a last day can renew by itself. Empty: no trial, no renewal, periods cut by the first"
                " day that is paid for."
            ),
            folded=True,
        ),
        discount_section(made),
        minimums_section(made),
        ramp_section(made, sold.plans),
        Section(_("Coupon"), ((field("coupon", _("Code")),),), sold.coupons, folded=True),
    )


def fresh(plan: str, currency: str, today: date) -> dict[str, str]:
    """Return what an empty form says: one of a plan, from today on, without an end."""
    return {"plan": plan, "currency": currency, "quantity": "1", "starts_on": today.isoformat()}


def to_begin(
    fields: Mapping[str, str], tenant_id: UUID, actor: str, sold: Sold, document: PlanDocument
) -> SubscribeInput:  # fmt: skip
    """Return the contract that a form says; `document` is what the version says that it names.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(fields)
    plan_key, version = plan_said(said, "plan", sold.plans)
    last_day = said.day("last_day") if said.text("last_day") else None
    currency = said.text("currency")
    if currency not in sold.currencies:
        said.fault("currency", "currency_unknown", _("Choose one of the currencies."))
    terms, faults = negotiated(said, document, currency)
    phases = tuple(Phase(one.starts_on, *_numbered(one.plan), one.quantity) for one in phases_said(said, sold.plans))
    given = SubscribeInput(
        tenant_id,
        plan_key,
        actor,
        key=said.text("key", 60),
        version=version,
        addons=tuple(AddonInput(key, many) for key, many in addons_said(said)),
        currency=currency,
        starts_on=said.day("starts_on"),
        ends_on=None if last_day is None else last_day + timedelta(days=1),
        anchor_on=said.day("anchor_on") if said.text("anchor_on") else None,
        purchase_order=said.text("purchase_order", 100) or None,
        quantity=said.whole("quantity", 1, MOST, 1),
        trial_days=said.whole("trial_days", 0, 366, 0),
        terms=terms,
        phases=phases,
        discounts=discounts_said(said, currency),
        renews_months=said.whole("renews_months", 1, 120, 0) or None,
        notice_days=said.whole("notice_days", 1, 366, 1),
        coupon=said.text("coupon", 40).upper() or None,
    )
    said.check(*faults)
    return given


def _numbered(text: str) -> tuple[str | None, int | None]:
    """Return key and number of a version as the form names it; None of both where it names none."""
    key, _at, number = text.rpartition("@")
    return (key, int(number)) if key and number.isdecimal() else (None, None)


def plan_said(said: Said, name: str, plans: Sequence[tuple[str, str]]) -> tuple[str, int | None]:
    """Return key and number of the version that a field names; of none of those sold, a fault is kept."""
    text = said.text(name)
    if text not in {value for value, _name in plans}:
        said.fault(name, "plan_unknown", _("Choose one of the plans that are sold."))
        return "-", None
    key, number = _numbered(text)
    return key or "-", number
