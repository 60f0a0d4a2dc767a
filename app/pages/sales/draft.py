"""The next version of a plan while it is written: its form, what changes, whom it concerns (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.i18n import gettext as _
from app.pages.formats import quantity
from app.pages.sales.catalogue import Offer
from app.pages.sales.document import DocumentForm, document_form
from app.pages.sales.plan import Curve, curve, curve_wish, rivals
from app.pages.tables import TableQuery
from core.errors import InputError
from metering.registry import MeterSpec
from plans.differences import differences
from plans.documents import PlanDocument
from plans.subscriptions import SubscriptionView

__all__ = ("DraftInput", "DraftView", "concerned_text", "draft_view", "holders")


@dataclass(frozen=True, slots=True)
class DraftInput:
    """What the editor is made from."""

    offer: Offer
    """The draft as an offer; its number is the one that it will get."""
    before: PlanDocument | None
    """The newest version; None: there is none yet."""
    others: Sequence[Offer]
    meters: Mapping[str, MeterSpec]
    addons: Sequence[tuple[str, str]]
    """Key and name of those that are sold: what a feature may come with."""
    faults: Sequence[InputError]
    """Why it cannot be published, and what could not be read."""
    said: Mapping[str, str]
    query: TableQuery
    """Which currency, and which charge is drawn."""


@dataclass(frozen=True, slots=True)
class DraftView:
    """What the editor shows."""

    form: DocumentForm
    currency: str
    currencies: tuple[str, ...]
    fault_count: int
    changes: tuple[str, ...]
    curve: Curve | None
    charges: tuple[tuple[str, str], ...]


def draft_view(given: DraftInput) -> DraftView:
    """Return the editor; a curve is drawn where the draft has no fault."""
    document = given.offer.document
    currencies = tuple(sorted({code for charge in document.charges for code in charge.prices})) or ("EUR",)
    currency = given.query.get("currency")
    if currency not in currencies:
        currency = "EUR" if "EUR" in currencies else currencies[0]
    drawn = None
    if document.charges and not given.faults:
        wish = curve_wish(given.offer, TableQuery.of("", {**dict(given.query.parameters), "currency": currency}))
        drawn = curve(wish, rivals(given.others, given.offer.key, wish))
    changes = () if given.before is None else tuple(one.sentence for one in differences(given.before, document))
    return DraftView(
        form=document_form(document, currency, given.meters, given.faults, given.said, given.addons),
        currency=currency,
        currencies=currencies,
        fault_count=len(given.faults),
        changes=changes,
        curve=drawn,
        charges=tuple((charge.key, charge.name) for charge in document.charges),
    )


def holders(held: Sequence[SubscriptionView], plan_key: str, number_: int | None = None) -> tuple[UUID, ...]:
    """Return the customers with a running contract that holds a plan (in a certain version), once each."""
    found = {
        one.tenant_id: None
        for one in held
        if one.status in ("active", "ending")
        for holding in (one.base, *one.addon_holdings)
        if holding.plan_key == plan_key and number_ in (None, holding.version_number)
    }
    return tuple(found)


def concerned_text(count: int) -> str:
    """Return whom publishing concerns, in a sentence."""
    words = {"count": quantity(count)}
    told = _("%(count)s customers hold this plan. They keep their version until they are moved on purpose.")
    return told % words if count else _("No running contract holds this plan.")
