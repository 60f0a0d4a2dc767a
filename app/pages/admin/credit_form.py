"""The form of prepaid credits that are sold or granted, and what it comes to in words (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from app.i18n import gettext as _
from app.pages.admin.credits import block_facts
from app.pages.formats import money
from app.pages.said import Field, Maker, Said, Section
from app.pages.sales.contracts.foreseen import ForeseenView
from app.pages.sales.quote_preview import Stat
from app.pages.words import meter_name
from billing.actions.buy_credits import Bought, CreditsInput
from core.errors import InputError, InvalidInput, Refused
from core.money import Money, to_money
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView

__all__ = ("Offered", "credit_faults", "credit_sections", "offered_of", "sold_view", "to_credits")

FIELDS = {"expires_on": "last_day"}
"""What the request calls something, and the form otherwise."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen."""

    currencies: tuple[str, ...]
    charges: tuple[tuple[str, str], ...]
    meters: tuple[tuple[str, str], ...]


def offered_of(tenant: TenantView, held: Sequence[SubscriptionView]) -> Offered:
    """Return the currencies in which a customer is billed, and what it is billed for."""
    billed = [one for one in held if one.status != "ended"]
    charges = [charge for one in billed for hold in one.holdings for charge in hold.document.charges]
    return Offered(
        tuple(dict.fromkeys((*(one.currency for one in billed), tenant.currency))),
        tuple({charge.key: charge.name for charge in charges}.items()),
        tuple({charge.meter: meter_name(charge.meter) for charge in charges if charge.meter}.items()),
    )


def credit_sections(made: Maker, offered: Offered) -> tuple[Section, ...]:
    """Return the form, part by part."""
    field = made.field
    return (
        _bought(made, offered),
        Section(
            _("When they pay"),
            (
                (
                    replace(field("starts_on", _("First day"), "day"), hint=_("Empty: today.")),
                    replace(
                        field("last_day", _("Last day"), "day"),
                        hint=_("Of the supply that they pay. Empty: they never expire."),
                    ),
                    replace(
                        field("priority", _("Order"), "figure"),
                        hint=_("0 to 1,000, the lower first. Empty: 100; of equal ones what expires first."),
                    ),
                ),
            ),
        ),
        Section(
            _("What is left at the end"),
            (
                (
                    replace(
                        field("rollover_months", _("Goes on for months"), "figure"), hint=_("Once. Empty: it lapses.")
                    ),
                    replace(
                        field("rollover_percent", _("At most, per cent of the block"), "figure"), hint=_("Empty: 100.")
                    ),
                    field(
                        "refundable", _("Paid, not used"),
                        choices=[("", _("is not given back")), ("true", _("can be given back"))],
                    ),
                ),
            ),
            folded=True,
        ),
        Section(
            _("They pay only"),
            (
                (
                    _boxes(made, "charges", _("Charges"), offered.charges),
                    _boxes(made, "meters", _("or what is counted by"), offered.meters),
                ),
            ),
            _("None of both: everything on the customer's bills."),
            folded=True,
        ),
    )  # fmt: skip


def _bought(made: Maker, offered: Offered) -> Section:
    field = made.field
    hows = [
        ("sold", _("sold for as much as they pay")),
        ("price", _("sold for another price")),
        ("granted", _("granted for nothing")),
    ]
    return Section(
        _("Credits"),
        (
            (
                replace(field("name", _("Name"), "wide"), hint=_("It stands on every bill that they pay.")),
                field("amount", _("They pay for"), "figure"),
                field("currency", _("Currency"), choices=[(one, one) for one in offered.currencies]),
                replace(field("how", _("They are"), "wide", hows), asks=True),
                replace(field("price", _("Price before tax"), "figure"), asked_by="price"),
                replace(
                    field("reason", _("Why, for your own records"), "wide"), asked_by="granted"
                ),
            ),
        ),
        _("What has a price is invoiced at once, and becomes revenue as it is used."),
    )  # fmt: skip


def to_credits(fields: Mapping[str, str], tenant_id: UUID, actor: str, offered: Offered) -> CreditsInput:
    """Return the credits that a form says.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said, how = Said(fields), fields.get("how", "sold")
    currency = said.text("currency")
    if currency not in offered.currencies:
        said.fault("currency", "currency_unknown", _("Choose one of the currencies."))
        said.check()
    price = Money(0, currency) if how == "granted" else None
    if how == "price":
        price = _money(said, "price", currency)
    last_day = said.day("last_day") if said.text("last_day") else None
    percent = said.figure("rollover_percent", Decimal(100))
    given = CreditsInput(
        tenant_id,
        said.text("name", 100),
        _money(said, "amount", currency),
        actor,
        price,
        starts_on=said.day("starts_on") if said.text("starts_on") else None,
        expires_on=None if last_day is None else last_day + timedelta(days=1),
        priority=said.whole("priority", 0, 1000, 100),
        charges=said.ticked("charges"),
        meters=said.ticked("meters"),
        refundable=bool(said.text("refundable")),
        rollover_months=said.whole("rollover_months", 1, 120, 0) or None,
        rollover_percent=Decimal(100) if percent is None else percent,
        reason=said.text("reason") if how == "granted" else "",
    )
    said.check()
    return given


def credit_faults(refusal: Refused) -> tuple[InputError, ...]:
    """Return what is wrong in plain words, each with the name of its field."""
    if refusal.code == "contract_changed":
        changed = _("Other credits came in the meantime. Nothing was done: look at it again.")
        return (InputError("", refusal.code, changed),)
    if not isinstance(refusal, InvalidInput):
        return (InputError("", refusal.code, refusal.detail),)
    texts = {
        "name_missing": _("Give the credits a name: it stands on every bill that they pay."),
        "credits_amount_invalid": _("Write an amount above 0."),
        "reason_missing": _("Say why they cost nothing."),
        "credits_not_paid_for": _("What costs nothing cannot be given back."),
    }
    found = []
    for one in refusal.errors:
        name = one.pointer.strip("/").partition("/")[0]
        told = texts.get(one.code, one.detail)
        if one.code == "credits_expiry_invalid":
            told = _("Choose a last day that is today or later, and not before the first one.")
            if name == "rollover_months":
                told = _("Only credits with a last day go on: say their last day too.")
        found.append(InputError(FIELDS.get(name, name), one.code, told))
    return tuple(found)


def sold_view(bought: Bought, tenant: TenantView, offered: Offered) -> ForeseenView:
    """Return what is sold or granted: the block in words, and what its invoice comes to."""
    grant, totals = bought.grant, bought.totals
    words = [f"{name}: {told}" for name, told in block_facts(grant, grant.created_at, tenant.tz, dict(offered.charges))]
    stats = [Stat(_("They pay for"), money(grant.amount))]
    if totals is not None:
        tax = {"net": money(totals.net), "tax": money(totals.tax)}
        stats.append(Stat(_("Invoiced at once"), money(totals.gross), _("%(net)s and %(tax)s tax") % tax))
        note = _("The invoice is issued as you confirm, and never changes from then on.")
    else:
        note = _("There is no invoice. What is left of them can be taken back later.")
    return ForeseenView(tuple(words), tuple(stats), (), note)


def _money(said: Said, name: str, currency: str) -> Money:
    value = said.figure(name)
    if value is None:
        if not said.text(name):
            said.fault(name, "amount_missing", _("Write an amount."))
        return Money(0, currency)
    amount = to_money(value, currency)
    if amount.decimal() != value:
        said.fault(name, "amount_too_fine", _("Write an amount with no more decimals than the currency has."))
    return amount


def _boxes(made: Maker, name: str, label: str, choices: Sequence[tuple[str, str]]) -> Field:
    ticked = tuple(value for value, _name in choices if f"has:{name}:{value}" in made.said)
    field = made.field(name, label, "boxes", choices)
    return replace(field, ticked=ticked, value=", ".join(ticked))
