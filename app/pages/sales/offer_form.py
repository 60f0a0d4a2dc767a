"""The form of a quote: what was written becomes an offer, and an offer becomes what was written (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.said import Field, Said
from app.pages.sales.document import applied, price_forms
from billing.answers.questions import AssumedSeats
from billing.quotes.offers import OfferPhase, QuoteAddon, QuoteTerms
from billing.quotes.reads import QuoteView
from core.errors import InputError
from core.periods import add_months
from plans.documents import PlanDocument
from plans.terms import Discount

__all__ = ("OfferFields", "Offered", "fresh", "offer_fields", "own_prices", "parse_offer", "said_of")

PHASES = 4
OPEN_DAYS = 30
ADDON, MOST = "addon:", 1_000_000


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
class OfferFields:
    """The form, part by part."""

    contract: tuple[Field, ...]
    discount: tuple[Field, ...]
    phases: tuple[tuple[Field, ...], ...]
    addons: tuple[Field, ...]
    offer: tuple[Field, ...]


def offer_fields(
    said: Mapping[str, str], plans: Sequence[tuple[str, str]], addons: Sequence[tuple[str, str]],
    held: Sequence[tuple[str, str]], faults: Sequence[InputError],
) -> OfferFields:  # fmt: skip
    """Return the form's fields.

    Args:
        said: what stands in them.
        plans: key and name of the plans that are sold.
        addons: key and name of the add-ons that are sold.
        held: key and name of the contracts that run.
        faults: by the name of their field.
    """

    def field(name: str, label: str, kind: str = "text", choices: Sequence[tuple[str, str]] = ()) -> Field:
        told = tuple(fault.detail for fault in faults if fault.pointer.removeprefix("/") == name)
        return Field(name, label, said.get(name, ""), tuple(choices), kind, told)

    same = [("", _("as before")), *plans]
    return OfferFields(
        contract=(
            field("plan", _("Plan"), choices=plans),
            field("replaces", _("Replaces"), choices=[("", _("nothing: beside what is held")), *held]),
            field("quantity", _("Quantity"), "figure"),
            field("starts_on", _("First day"), "day"),
            field("term_months", _("Term in months"), "figure"),
            field("trial_days", _("Days of trial"), "figure"),
        ),
        discount=(
            field("discount_percent", _("Discount in per cent"), "figure"),
            field("discount_name", _("Its name on the bill")),
            field("discount_periods", _("Only in the first periods"), "figure"),
        ),
        phases=tuple(
            (
                field(f"phase{number}_on", _("From"), "day"),
                field(f"phase{number}_plan", _("Plan"), choices=same),
                field(f"phase{number}_quantity", _("Quantity"), "figure"),
            )
            for number in range(1, PHASES + 1)
        ),
        addons=tuple(field(f"{ADDON}{key}", name, "figure") for key, name in addons),
        offer=(
            field("valid_until", _("Valid until"), "day"),
            field("key", _("Name of the quote")),
            field("note", _("Note to the customer")),
            field(
                "seats",
                _("Where no named seats were counted"),
                choices=[
                    ("", _("assume nothing")),
                    ("registered", _("as many as registered members")),
                    ("peak_active", _("as many as were active at most")),
                    ("number", _("this number")),
                ],
            ),
            field("seats_number", _("Number of seats"), "figure"),
        ),
    )


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


def own_prices(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields without the prices of another plan than the one that is chosen now."""
    same = fields.get("prices_of", fields.get("plan")) == fields.get("plan")
    return {name: text for name, text in fields.items() if same or not name.startswith("/")}


def parse_offer(fields: Mapping[str, str], document: PlanDocument) -> Offered:
    """Return the offer that a form says.

    Args:
        fields: by name; prices that differ from the plan's by their pointer.
        document: the plan's newest version.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(fields)
    own = own_prices(fields)
    changed, faults = applied(document, {name: text for name, text in own.items() if name.startswith("/")})
    terms = QuoteTerms(
        plan=said.text("plan") or "-",
        starts_on=said.day("starts_on"),
        term_months=said.whole("term_months", 1, 120, 12),
        quantity=said.whole("quantity", 1, MOST, 1),
        trial_days=said.whole("trial_days", 0, 366, 0),
        addons=tuple(_addons(said, fields)),
        terms=changed if changed != document else None,
        phases=tuple(_phases(said)),
        discounts=tuple(_discounts(said)),
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


def _addons(said: Said, fields: Mapping[str, str]) -> list[QuoteAddon]:
    names = [name for name in fields if name.startswith(ADDON) and said.text(name) not in ("", "0")]
    return [QuoteAddon(key=name.removeprefix(ADDON), quantity=said.whole(name, 1, MOST)) for name in names]


def _phases(said: Said) -> list[OfferPhase]:
    found = []
    for number in range(1, PHASES + 1):
        if not said.text(f"phase{number}_on"):
            continue
        quantity = said.whole(f"phase{number}_quantity", 1, MOST, 0)
        plan = said.text(f"phase{number}_plan")
        if not quantity and not plan:
            said.fault(f"phase{number}_quantity", "phase_empty", _("Say what changes: another plan or quantity."))
        found.append(OfferPhase(starts_on=said.day(f"phase{number}_on"), plan=plan or None, quantity=quantity or None))
    return found


def _discounts(said: Said) -> list[Discount]:
    percent = said.figure("discount_percent", Decimal(100))
    if not percent:
        return []
    periods = said.whole("discount_periods", 1, 120, 0) or None
    name = said.text("discount_name", 100) or _("Discount")
    return [Discount(key="quoted", name=name, percent=percent, periods=periods)]


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
    for discount in terms.discounts[:1]:
        said["discount_percent"] = f"{discount.percent:f}" if discount.percent is not None else ""
        said["discount_name"], said["discount_periods"] = discount.name, str(discount.periods or "")
    if terms.terms is not None and len(terms.terms.charges) == len(document.charges):
        for _name, form in price_forms(terms.terms, view.currency, (), {}):
            said |= {one.name: one.value for row in (form.fields, *form.tiers) for one in row}
    return said
