"""Coupons as sales reads and writes them: what they bring, how far, who redeemed them (pure)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.i18n import gettext as _
from app.pages.formats import day, instant, last_day, quantity
from app.pages.said import Field, Said
from app.pages.sales.agreement_words import discount_text
from app.pages.sales.catalogue import CURRENCIES
from app.pages.tables import Column, Table, TableQuery, cell, number, status
from core.errors import InputError
from core.periods import zone
from plans.actions.create_coupon import CouponInput
from plans.reads.coupons import CouponView, RedemptionView
from plans.terms import Discount
from tenants.reads import TenantView

__all__ = ("coupon_facts", "coupon_fields", "coupon_state", "coupons_table", "redemptions_table", "to_coupon")

AMOUNT = "amount:"
UTC_ZONE = zone("UTC")
MANY = 1_000_000_000


def coupon_state(one: CouponView, now: datetime) -> tuple[str, str]:
    """Return whether a coupon can be redeemed, as a badge."""
    if one.valid_until is not None and one.valid_until <= now:
        return _("Ended"), ""
    if one.max_redemptions is not None and one.redeemed >= one.max_redemptions:
        return _("Used up"), "warn"
    return _("Can be used"), "good"


def coupons_table(found: Sequence[CouponView], now: datetime, query: TableQuery) -> Table:
    """Return all coupons by code."""
    keys = {"code": lambda one: one.code, "redeemed": lambda one: one.redeemed}
    shown, pager = query.page(query.sort(found, keys))
    return Table(
        id="coupons",
        caption=_("Coupons"),
        columns=query.columns(
            Column(_("Code"), "code"),
            Column(_("Brings")),
            Column(_("Status")),
            Column(_("Until")),
            Column(_("Redeemed"), "redeemed", numeric=True),
        ),
        rows=tuple(
            (
                cell(one.code, f"/sales/coupons/{one.code}", sub=one.discount.name),
                cell(_brings(one)),
                status(*coupon_state(one, now)),
                cell(_until(one), css="nowrap"),
                number(_redeemed(one), str(one.redeemed)),
            )
            for one in shown
        ),
        pager=pager,
        empty_title=_("No coupon yet"),
        empty_text=_("A coupon is a code that brings a discount, once to each customer: make one above."),
    )


def coupon_facts(one: CouponView, plans: Mapping[str, str], charges: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a coupon is, by name."""
    of = ", ".join(charges.get(key, key) for key in one.discount.charges)
    for_plans = ", ".join(plans.get(key, key) for key in one.plan_keys)
    return (
        (_("On the bill"), one.discount.name),
        (_("Brings"), _brings(one, of)),
        (_("For"), for_plans or _("all plans")),
        (_("Until"), _until(one)),
        (_("Redeemed"), _redeemed(one)),
    )


def redemptions_table(
    found: Sequence[RedemptionView], tenants: Mapping[UUID, TenantView], query: TableQuery
) -> Table:  # fmt: skip
    """Return who redeemed a coupon, newest first."""
    return Table(
        id="redemptions",
        caption=_("Redeemed by"),
        columns=(Column(_("Customer")), Column(_("When")), Column(_("Counts from"))),
        rows=tuple(
            (
                cell(tenants[one.tenant_id].name, _contract(one, tenants[one.tenant_id])),
                cell(instant(one.created_at, tenants[one.tenant_id].tz), css="nowrap"),
                cell(instant(one.starts_at, tenants[one.tenant_id].tz), css="nowrap"),
            )
            for one in found
            if one.tenant_id in tenants
        ),
        pager=query.pager_of(found, lambda one: one.tenant_id),
        empty_title=_("Nobody has redeemed it yet"),
        empty_text=_("It is redeemed at a customer's contract, or with a new one."),
    )


def coupon_fields(
    said: Mapping[str, str], plans: Sequence[tuple[str, str]], charges: Sequence[tuple[str, str]],
    faults: Sequence[InputError],
) -> tuple[tuple[Field, ...], ...]:  # fmt: skip
    """Return the form of a new coupon: what it is, what it brings, how far."""

    def field(name: str, label: str, kind: str = "text", hint: str = "") -> Field:
        told = tuple(fault.detail for fault in faults if fault.pointer == name)
        return Field(name, label, said.get(name, ""), (), kind, told, hint=hint)

    def boxes(name: str, label: str, choices: Sequence[tuple[str, str]]) -> Field:
        ticked = tuple(value for value, _name in choices if f"has:{name}:{value}" in said)
        return Field(name, label, "", tuple(choices), "boxes", ticked=ticked)

    return (
        (
            field("code", _("Code"), hint=_("3 to 40 letters, digits and dashes.")),
            field("name", _("Its name on the bill")),
        ),
        (
            field("percent", _("Per cent off"), "figure"),
            *(
                field(f"{AMOUNT}{code}", _("or amount off, %(currency)s") % {"currency": code}, "figure")
                for code in CURRENCIES
            ),
            field("periods", _("First periods only"), "figure", hint=_("How many. Empty: always.")),
            boxes("charges", _("Of these charges (none: of the whole bill)"), charges),
        ),
        (
            field("max_redemptions", _("How often in all"), "figure", hint=_("Empty: no limit.")),
            field("last_day", _("Last day to redeem it"), "day", hint=_("In UTC. Empty: no end.")),
            boxes("plans", _("For these plans (none: for all)"), plans),
        ),
    )


def to_coupon(fields: Mapping[str, str], actor: str) -> CouponInput:
    """Return the coupon that a form says.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(fields)
    code, name = said.text("code", 40).upper(), said.text("name", 100)
    if not name:
        said.fault("name", "name_missing", _("Write what the discount is called on the bill."))
    percent = said.figure("percent", Decimal(100))
    amounts = {currency: said.figure(f"{AMOUNT}{currency}") for currency in CURRENCIES}
    given = {currency: amount for currency, amount in amounts.items() if amount}
    if bool(percent) == bool(given):
        said.fault("percent", "discount_incomplete", _("Write either per cent or amounts, more than nothing."))
    until = None if not said.text("last_day") else said.day("last_day")
    discount = Discount(
        key="coupon",
        name=name or "-",
        percent=percent or None,
        amounts=given,
        charges=said.ticked("charges"),
        periods=said.whole("periods", 1, 120, 0) or None,
    )
    coupon = CouponInput(
        code,
        discount,
        actor,
        said.ticked("plans"),
        said.whole("max_redemptions", 1, MANY, 0) or None,
        None if until is None else datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1),
    )
    said.check()
    return coupon


def _contract(one: RedemptionView, tenant: TenantView) -> str:
    return f"/sales/customers/{tenant.slug}#contract-{one.subscription_id}"


def _brings(one: CouponView, of: str = "") -> str:
    shown = [code for code in CURRENCIES if code in one.discount.amounts] or [*one.discount.amounts, ""][:1]
    if one.discount.percent is not None:
        return discount_text(one.discount, "", of)
    return "; ".join(discount_text(one.discount, code, of) for code in shown)


def _until(one: CouponView) -> str:
    return _("no end") if one.valid_until is None else day(last_day(one.valid_until, UTC_ZONE))


def _redeemed(one: CouponView) -> str:
    if one.max_redemptions is None:
        return quantity(one.redeemed)
    words = {"count": quantity(one.redeemed), "most": quantity(one.max_redemptions)}
    return _("%(count)s of %(most)s") % words
