"""The form of a new contract: what was written becomes the request that is previewed and then carried out (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from app.i18n import gettext as _
from app.pages.said import Maker, Said, Section
from plans.actions.subscribe import AddonInput, Phase, SubscribeInput

__all__ = (
    "ADDON",
    "MOST",
    "Sold",
    "addons_said",
    "begin_sections",
    "fresh",
    "plan_said",
    "to_begin",
)

ADDON, MOST = "addon:", 1_000_000
PHASES = 4


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
        Section(
            _("Add-ons"),
            (tuple(field(f"{ADDON}{key}", name, "figure") for key, name in sold.addons),),
            _("How many of each; empty: none."),
            folded=True,
        ),
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
        Section(
            _("Ramp"),
            tuple(
                (
                    field(f"phase{number}_on", _("From"), "day"),
                    field(f"phase{number}_plan", _("Plan"), choices=[("", _("as before")), *sold.plans]),
                    field(f"phase{number}_quantity", _("Quantity"), "figure"),
                )
                for number in range(1, PHASES + 1)
            ),
            _("Later stretches of the contract: from a day on another plan, another quantity, or both."),
            folded=True,
        ),
        Section(_("Coupon"), ((field("coupon", _("Code")),),), sold.coupons, folded=True),
    )


def fresh(plan: str, currency: str, today: date) -> dict[str, str]:
    """Return what an empty form says: one of a plan, from today on, without an end."""
    return {"plan": plan, "currency": currency, "quantity": "1", "starts_on": today.isoformat()}


def to_begin(fields: Mapping[str, str], tenant_id: UUID, actor: str, sold: Sold) -> SubscribeInput:
    """Return the contract that a form says.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(fields)
    plan_key, version = plan_said(said, "plan", sold.plans)
    last_day = said.day("last_day") if said.text("last_day") else None
    currency = said.text("currency")
    if currency not in sold.currencies:
        said.fault("currency", "currency_unknown", _("Choose one of the currencies."))
    given = SubscribeInput(
        tenant_id,
        plan_key,
        actor,
        key=said.text("key", 60),
        version=version,
        addons=addons_said(said, fields),
        currency=currency,
        starts_on=said.day("starts_on"),
        ends_on=None if last_day is None else last_day + timedelta(days=1),
        anchor_on=said.day("anchor_on") if said.text("anchor_on") else None,
        purchase_order=said.text("purchase_order", 100) or None,
        quantity=said.whole("quantity", 1, MOST, 1),
        trial_days=said.whole("trial_days", 0, 366, 0),
        phases=tuple(_phases(said, sold.plans)),
        renews_months=said.whole("renews_months", 1, 120, 0) or None,
        notice_days=said.whole("notice_days", 1, 366, 1),
        coupon=said.text("coupon", 40).upper() or None,
    )
    said.check()
    return given


def plan_said(said: Said, name: str, plans: Sequence[tuple[str, str]]) -> tuple[str, int | None]:
    """Return key and number of the version that a field names; of none of those sold, a fault is kept."""
    text = said.text(name)
    if text not in {value for value, _name in plans}:
        said.fault(name, "plan_unknown", _("Choose one of the plans that are sold."))
        return "-", None
    key, number = text.rsplit("@", 1)
    return key, int(number)


def addons_said(said: Said, fields: Mapping[str, str]) -> tuple[AddonInput, ...]:
    """Return the add-ons of a form with how many of each."""
    names = [name for name in fields if name.startswith(ADDON) and said.text(name) not in ("", "0")]
    return tuple(AddonInput(name.removeprefix(ADDON), said.whole(name, 1, MOST)) for name in names)


def _phases(said: Said, plans: Sequence[tuple[str, str]]) -> list[Phase]:
    found = []
    for number in range(1, PHASES + 1):
        names = [f"phase{number}_{part}" for part in ("on", "plan", "quantity")]
        if not any(said.text(name) for name in names):
            continue
        quantity = said.whole(names[2], 1, MOST, 0) or None
        key, version = plan_said(said, names[1], plans) if said.text(names[1]) else (None, None)
        if quantity is None and key is None:
            said.fault(names[2], "phase_empty", _("Say what changes: another plan or quantity."))
        found.append(Phase(said.day(names[0]), key, version, quantity))
    return found
