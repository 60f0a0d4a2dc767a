"""The forms of a new customer, and of what may change of one (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from uuid import UUID
from zoneinfo import available_timezones

from app.i18n import gettext as _
from app.i18n import reader
from app.pages.said import Maker, Said, Section
from app.pages.sales.new_plan import key_of
from core.errors import InputError, InvalidInput, Refused
from core.periods import said_day
from tenants.actions.change_tenant import Particulars
from tenants.actions.create_tenant import TenantInput
from tenants.actions.invite_user import AdminInput
from tenants.reads import LegalEntityView, TenantView

__all__ = (
    "Known",
    "customer_faults",
    "customer_sections",
    "fresh",
    "particulars_said",
    "particulars_sections",
    "to_customer",
    "to_particulars",
)

NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
"""What Babel names beside countries."""
GRACE_MAX = 24 * 366


@dataclass(frozen=True, slots=True)
class Known:
    """What can be chosen."""

    entities: Sequence[LegalEntityView]
    parents: Sequence[TenantView]
    currencies: Sequence[str]
    """Those that something is sold in."""


def fresh(known: Known) -> dict[str, str]:
    """Return what an empty form says; the only company that issues invoices is chosen."""
    said = {"payment_terms_days": "30", "tax_treatment": "standard"}
    if len(known.entities) == 1:
        entity = known.entities[0]
        said |= {"legal_entity": entity.key, "currency": entity.base_currency, "country": entity.country}
    return said


def customer_sections(made: Maker, known: Known) -> tuple[Section, ...]:
    """Return the form of a new customer, part by part."""
    field, choose = made.field, ("", _("Choose …"))
    zones = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    parents = [("", _("none: it stands alone")), *((one.slug, one.name) for one in known.parents)]
    entities = [(one.key, f"{one.name} ({one.base_currency})") for one in known.entities]
    return (
        Section(
            _("Customer"),
            (
                (
                    field("name", _("Name"), "wide"),
                    replace(
                        field("slug", _("Short name")),
                        hint=_("In the addresses of its pages. Empty: made from the name. It never changes."),
                    ),
                    field("country", _("Country"), choices=[choose, *_countries()]),
                    replace(
                        field("time_zone", _("Time zone"), choices=[choose, *((name, name) for name in zones)]),
                        hint=_("Its days and billing periods are cut in it. It never changes."),
                    ),
                    replace(
                        field("currency", _("Currency"), choices=[choose, *((one, one) for one in known.currencies)]),
                        hint=_("Those with prices in the catalogue. It never changes."),
                    ),
                    field("legal_entity", _("Billed by"), choices=[choose, *entities]),
                ),
            ),
        ),
        _billing(made, new=True),
        _admin(made),
        Section(
            _("Group"),
            (
                (
                    field("parent", _("Belongs to"), choices=parents),
                    field(
                        "bill_to_parent", _("Its bills are paid by"),
                        choices=[("", _("itself")), ("true", _("whom it belongs to"))],
                    ),
                ),
            ),
            folded=True,
        ),
        _grace(made),
    )  # fmt: skip


def particulars_sections(made: Maker, *, invites: bool) -> tuple[Section, ...]:
    """Return the form of what may change of a customer; `invites`: its first administrator is still to come in."""
    named = Section(_("Customer"), ((made.field("name", _("Name"), "wide"),),))
    return (named, _billing(made, new=False), *([_admin(made)] if invites else []), _grace(made))


def particulars_said(known: Particulars) -> dict[str, str]:
    """Return a customer's particulars as their form says them."""
    said = {item.name: str(getattr(known, item.name)) for item in fields(known)}
    return said | {"holidays": ", ".join(day.isoformat() for day in known.holidays)}


def to_customer(said_: Mapping[str, str], known: Known, language: str) -> tuple[TenantInput, AdminInput | None]:
    """Return the customer that a form says, and whom to invite.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(said_)
    one = _particulars(said)
    entity = next((one.id for one in known.entities if one.key == said.text("legal_entity")), None)
    parent = next((one.id for one in known.parents if one.slug == said.text("parent")), None)
    chosen = (
        ("country", said.text("country") in dict(_countries()), _("Choose the country.")),
        ("time_zone", said.text("time_zone") in available_timezones(), _("Choose the time zone.")),
        ("currency", said.text("currency") in known.currencies, _("Choose the currency.")),
        ("legal_entity", entity is not None, _("Choose which company issues the invoices.")),
        ("parent", parent is not None or not said.text("parent"), _("Choose one of the customers.")),
        ("bill_to_parent", parent is not None or not said.text("bill_to_parent"), _("Choose to whom it belongs too.")),
    )
    for name, holds, told in chosen:
        if not holds:
            said.fault(name, "choice_missing", told)
    admin = _invited(said, language)
    given = TenantInput(
        slug=said.text("slug") or key_of(one.name),
        legal_entity_id=entity or UUID(int=0),
        time_zone=said.text("time_zone"),
        currency=said.text("currency"),
        country=said.text("country"),
        parent_id=parent,
        bill_to_parent=bool(said.text("bill_to_parent")),
        **{item.name: getattr(one, item.name) for item in fields(one)},
    )
    said.check()
    return given, admin


def to_particulars(said_: Mapping[str, str], language: str) -> tuple[Particulars, AdminInput | None]:
    """Return the particulars that a form says, and whom to invite.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(said_)
    given, admin = _particulars(said), _invited(said, language)
    said.check()
    return given, admin


def customer_faults(refusal: Refused) -> tuple[InputError, ...]:
    """Return what is wrong, each with the name of its field."""
    if isinstance(refusal, InvalidInput):
        return tuple(replace(one, pointer=one.pointer.strip("/").replace("/", "_")) for one in refusal.errors)
    if refusal.code != "key_in_use":
        return (InputError("", refusal.code, refusal.detail),)
    at = "admin_email" if "@" in refusal.detail else "slug"
    texts = {
        "slug": _("Another customer has this short name. Choose another one."),
        "admin_email": _("Somebody comes in with this address already. Give another one, or leave it empty."),
    }
    return (InputError(at, refusal.code, texts[at]),)


def _admin(made: Maker) -> Section:
    return Section(
        _("First administrator"),
        ((made.field("admin_name", _("Name")), made.field("admin_email", _("E-mail address"))),),
        _("They get a mail with a link by which they choose a password. Empty: nobody is invited now."),
    )


def _billing(made: Maker, *, new: bool) -> Section:
    field = made.field
    treatments = [
        ("standard", _("taxed by place and rate")),
        ("reverse_charge", _("reverse charge: a business in another country")),
        ("exempt", _("exempt")),
    ]
    named = field("billing_name", _("Made out to"), "wide")
    return Section(
        _("Invoices"),
        (
            (
                replace(named, hint=_("Empty: the name above.")) if new else named,
                replace(
                    field("billing_address", _("Address"), "lines"),
                    hint=_("Street, then postal code and town. The country is added by itself."),
                    wide=True,
                ),
                field("tax_id", _("Tax id")),
                field("tax_treatment", _("Tax"), choices=treatments),
                field("purchase_order", _("Purchase order")),
                field("payment_terms_days", _("Days to pay"), "figure"),
            ),
        ),
        "" if new else _("It holds for documents that are issued from now on; what is issued stays as it is."),
    )


def _grace(made: Maker) -> Section:
    grace = made.field("grace_hours", _("Hours of grace after a period"), "figure")
    days = made.field("holidays", _("Holidays (by commas)"))
    return Section(
        _("Grace and holidays"),
        (
            (
                replace(grace, hint=_("So long a bill waits for late facts. Empty: 72.")),
                replace(days, hint=_("Not business days where a class is cancelled, for instance 2026-12-25.")),
            ),
        ),
        folded=True,
    )


def _particulars(said: Said) -> Particulars:
    name = said.text("name", 200)
    if not name:
        said.fault("name", "name_missing", _("Write what it is called."))
    lines = [line.strip() for line in said.text("billing_address").splitlines()]
    address = "\n".join(line for line in lines if line)
    if not address:
        said.fault("billing_address", "billing_address_missing", _("Write the address for invoices, line by line."))
    treatment = said.text("tax_treatment")
    if treatment not in ("standard", "reverse_charge", "exempt"):
        said.fault("tax_treatment", "choice_missing", _("Choose how it is taxed."))
    if treatment == "reverse_charge" and not said.text("tax_id"):
        said.fault("tax_id", "tax_id_missing", _("Reverse charge needs the customer's tax id."))
    return Particulars(
        name=name,
        billing_name=said.text("billing_name", 200) or name,
        billing_address=address,
        tax_id=said.text("tax_id", 50),
        tax_treatment=treatment,
        purchase_order=said.text("purchase_order", 100),
        payment_terms_days=said.whole("payment_terms_days", 0, 365, 30),
        grace_hours=said.whole("grace_hours", 0, GRACE_MAX, 72),
        holidays=tuple(_days(said, "holidays")),
    )


def _invited(said: Said, language: str) -> AdminInput | None:
    admin = AdminInput(said.text("admin_email"), said.text("admin_name"), language)
    if bool(admin.email) != bool(admin.name):
        missing = "admin_name" if admin.email else "admin_email"
        said.fault(missing, "admin_incomplete", _("Give name and e-mail address, or neither."))
    return admin if admin.email else None


def _days(said: Said, name: str) -> Iterable[date]:
    found = set()
    for text in said.text(name, 5_000).split(","):
        try:
            found |= {said_day(text.strip())} if text.strip() else set()
        except ValueError:
            said.fault(name, "date_invalid", _("Write dates as 2026-01-31, with commas between them."))
            return ()
    return sorted(found)


def _countries() -> list[tuple[str, str]]:
    names: Mapping[str, str] = reader().locale.territories
    known = [(code, names[code]) for code in names if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES]
    return sorted(known, key=lambda one: one[1])
