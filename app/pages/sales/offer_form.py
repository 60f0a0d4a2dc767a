"""The form of a quote: what was written becomes an offer, and an offer becomes what was written (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.i18n import gettext as _
from app.pages.said import Maker, Said, Section
from app.pages.sales.agreed_form import (
    ADDON,
    MOST,
    PHASES,
    addons_said,
    addons_section,
    discount_section,
    discounts_said,
    minimums_of,
    minimums_section,
    negotiated,
    phases_said,
    ramp_section,
    said_of_discount,
)
from app.pages.sales.document import price_forms
from billing.answers.questions import AssumedSeats
from billing.quotes.offers import OfferPhase, QuoteAddon, QuoteTerms
from billing.quotes.reads import QuoteView
from core.periods import add_months
from plans.documents import PlanDocument

__all__ = ("OfferSections", "Offered", "fresh", "offer_sections", "parse_offer", "said_of")

OPEN_DAYS = 30
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Offered:
    """What the form offers."""

    terms: QuoteTerms
    valid_until: date
    key: str
    note: str
    assumed_seats: AssumedSeats | None
    """For the simulation only; the contract bills what is held."""


@dataclass(frozen=True, slots=True)
class OfferSections:
    """The form, part by part."""

    contract: Section
    agreed: tuple[Section, ...]
    """What a new contract's form asks too."""
    offer: Section


def offer_sections(made: Maker, plans: Choices, addons: Choices, held: Choices) -> OfferSections:
    """Return the form, part by part.

    Args:
        made: makes the fields.
        plans: key and name of the plans that are sold.
        addons: key and name of the add-ons that are sold.
        held: key and name of the contracts that run.
    """
    field = made.field
    assumed = [
        ("", _("assume nothing")),
        ("registered", _("as many as registered members")),
        ("peak_active", _("as many as were active at most")),
        ("number", _("this number")),
    ]
    contract = (
        field("plan", _("Plan"), choices=plans),
        field("replaces", _("Replaces"), choices=[("", _("nothing: beside what is held")), *held]),
        field("quantity", _("Quantity"), "figure"),
        field("starts_on", _("First day"), "day"),
        field("term_months", _("Term in months"), "figure"),
        field("trial_days", _("Days of trial"), "figure"),
    )
    offer = (
        field("valid_until", _("Valid until"), "day"),
        field("key", _("Name of the quote")),
        field("note", _("Note to the customer")),
        field("seats", _("Where no named seats were counted"), choices=assumed),
        field("seats_number", _("Number of seats"), "figure"),
    )
    agreed = (
        discount_section(made),
        addons_section(made, addons),
        ramp_section(made, plans),
        minimums_section(made),
    )
    return OfferSections(Section(_("Contract"), (contract,)), agreed, Section(_("Offer"), (offer,)))


def fresh(plan_key: str, today: date, replaces: str = "") -> dict[str, str]:
    """Return what an empty form says: a year from the next month on, open for thirty days.

    One that replaces a contract (by its key) is open until the day before its first.
    """
    starts_on = add_months(today.replace(day=1), 1)
    open_until = today + timedelta(days=OPEN_DAYS)
    if replaces:
        open_until = min(open_until, starts_on - timedelta(days=1))
    return {
        "plan": plan_key,
        "replaces": replaces,
        "starts_on": starts_on.isoformat(),
        "term_months": "12",
        "quantity": "1",
        "valid_until": open_until.isoformat(),
    }


def parse_offer(fields: Mapping[str, str], document: PlanDocument, plans: Choices, currency: str) -> Offered:
    """Return the offer that a form says.

    Args:
        fields: by name; prices that differ from the plan's by their pointer.
        document: the plan's newest version.
        plans: key and name of the plans that are sold.
        currency: the customer's.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(fields)
    changed, faults = negotiated(said, document, currency)
    terms = QuoteTerms(
        plan=said.text("plan") or "-",
        starts_on=said.day("starts_on"),
        term_months=said.whole("term_months", 1, 120, 12),
        quantity=said.whole("quantity", 1, MOST, 1),
        trial_days=said.whole("trial_days", 0, 366, 0),
        addons=tuple(QuoteAddon(key=key, quantity=many) for key, many in addons_said(said)),
        terms=changed,
        phases=tuple(
            OfferPhase(starts_on=one.starts_on, plan=one.plan or None, quantity=one.quantity)
            for one in phases_said(said, plans)
        ),
        discounts=discounts_said(said, currency),
        replaces=said.text("replaces", 100) or None,
    )
    offered = Offered(terms, said.day("valid_until"), said.text("key", 60), said.text("note"), _seats(said))
    said.check(*faults)
    return offered


def _seats(said: Said) -> AssumedSeats | None:
    match said.text("seats"):
        case "registered":
            return AssumedSeats(like="registered")
        case "peak_active":
            return AssumedSeats(like="peak_active")
        case "number":
            return AssumedSeats(number=said.whole("seats_number", 1, MOST))
        case _:
            return None


def said_of(view: QuoteView, document: PlanDocument) -> dict[str, str]:
    """Return a quote as its form would say it: what the next version begins with."""
    terms = view.terms
    said = {
        "key": view.key,
        "plan": terms.plan,
        "replaces": terms.replaces or "",
        "starts_on": terms.starts_on.isoformat(),
        "term_months": str(terms.term_months),
        "quantity": str(terms.quantity),
        "trial_days": str(terms.trial_days or ""),
        "valid_until": view.valid_until.isoformat(),
        "note": view.note,
    }
    for how in {line.assumed for one in view.first_year for line in one.lines if line.assumed}:
        said |= {"seats": "number", "seats_number": how} if how.isdigit() else {"seats": how}
    said |= {f"{ADDON}{addon.key}": str(addon.quantity) for addon in terms.addons}
    for number, phase in enumerate(terms.phases[:PHASES], 1):
        said[f"phase{number}_on"] = phase.starts_on.isoformat()
        said[f"phase{number}_plan"] = phase.plan or ""
        said[f"phase{number}_quantity"] = str(phase.quantity or "")
    said |= said_of_discount(terms.discounts, view.currency)
    if terms.terms is not None:
        said |= minimums_of(terms.terms, view.currency)
    if terms.terms is not None and len(terms.terms.charges) == len(document.charges):
        for _name, form in price_forms(terms.terms, view.currency, (), {}):
            said |= {one.name: one.value for row in (form.fields, *form.tiers) for one in row}
    return said
