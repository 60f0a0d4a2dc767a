"""What is wished for as terms: from the catalogue, a draft, or negotiated."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from billing.answers.contracts import Addon, Terms
from billing.answers.questions import PlanWish
from core.errors import InputError, InvalidInput, NotFound
from plans.actions.publish_version import sound
from plans.charges import Charge
from plans.documents import PlanDocument
from plans.reads import draft, get_plan, get_version, list_plans, newest_version

__all__ = ("MODELS", "ModelPrice", "Stretch", "given_prices", "model_prices", "terms_of")

MODELS: dict[str, str] = {
    "registered": "members.registered.average",
    "named": "seats.named.peak",
    "concurrent_p95": "sessions.concurrent.p95",
    "concurrent_peak": "sessions.concurrent.peak",
    "active": "members.active",
    "contributors": "members.contributors",
    "transactions": "courses.transactions.charged",
}
"""The licence models of the trade, and the meter that each goes by."""
_SAME_PRICE = {"concurrent_peak": "concurrent_p95"}
"""The catalogue sells concurrency by its p95; by its peak it is compared at the same price."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which days are asked about, in which currency."""

    starts_on: date
    ends_on: date
    currency: str


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """A licence model with what it is sold at."""

    model: str
    charge: Charge
    plan: str
    document: PlanDocument


def terms_of(session: Session, wish: PlanWish, stretch: Stretch) -> Terms:
    """Return the contract that a wish would be.

    Args:
        session: steward's or the vendor's own, which see drafts.
        wish: the plan.
        stretch: from when until when.

    Raises:
        NotFound: there is no such plan, version, draft or add-on (`not_found`).
        PlanInvalid: the negotiated terms could not be published; every fault is named (`plan_invalid`).
    """
    label, name, document = _document(session, wish)
    addons = []
    for addon in wish.addons:
        newest = newest_version(session, addon.key)
        addons.append(Addon(addon.key, get_plan(session, addon.key).name, newest.document, addon.quantity))
    if wish.quantity is not None:
        label = f"{label} × {wish.quantity}"
    return Terms(
        label, wish.plan, name, document, stretch.currency, stretch.starts_on, stretch.ends_on, tuple(addons),
        wish.quantity,
    )  # fmt: skip


def _document(session: Session, wish: PlanWish) -> tuple[str, str, PlanDocument]:
    if wish.document is not None:
        return f"{wish.plan} (negotiated)", _name(session, wish.plan), sound(session, wish.document)
    if wish.draft:
        found = draft(session, wish.plan)
        if found is None:
            raise NotFound("draft of plan", wish.plan)
        return f"{wish.plan} (draft)", found.name, found.document
    plan = get_plan(session, wish.plan)
    version = (
        newest_version(session, plan.key) if wish.version is None else get_version(session, plan.key, wish.version)
    )
    return f"{plan.key} {version.number}", plan.name, version.document


def _name(session: Session, key: str) -> str:
    try:
        return get_plan(session, key).name
    except NotFound:
        return key


def model_prices(session: Session, currency: str) -> tuple[ModelPrice, ...]:
    """Return each licence model at the price of the lightest plan that sells by it in that currency.

    A charge with a pooled allowance is no model of its own and is passed over.
    """
    found: dict[str, ModelPrice] = {}
    for plan in sorted(list_plans(session, "base"), key=lambda plan: (plan.rank, plan.key)):
        if plan.newest is None:
            continue
        for charge in plan.newest.document.charges:
            model = next((model for model, meter in MODELS.items() if meter == charge.meter), None)
            if model and model not in found and currency in charge.prices and charge.included_per is None:
                found[model] = ModelPrice(model, charge, plan.key, plan.newest.document)
    for model, like in _SAME_PRICE.items():
        if model not in found and like in found:
            known = found[like]
            found[model] = ModelPrice(model, _by(known.charge, MODELS[model]), known.plan, known.document)
    return tuple(found[model] for model in MODELS if model in found)


def given_prices(charges: tuple[Charge, ...], currency: str, document: PlanDocument) -> tuple[ModelPrice, ...]:
    """Return the licence models of charges that were named, read as `document` reads its meters.

    Raises:
        InvalidInput: a charge goes by no meter or has no price in the currency.
    """
    faults = []
    for index, charge in enumerate(charges):
        if charge.meter is None:
            detail = "A licence model goes by a meter; name one."
            faults.append(InputError(f"/charges/{index}/meter", "meter_missing", detail))
        elif currency not in charge.prices:
            detail = f"The charge has no price in {currency}."
            faults.append(InputError(f"/charges/{index}/prices", "currency_not_priced", detail))
    if faults:
        raise InvalidInput(*faults)
    return tuple(ModelPrice(charge.key, charge, "", document) for charge in charges)


def _by(charge: Charge, meter: str) -> Charge:
    return Charge(key=charge.key, name=charge.name, model=charge.model, prices=charge.prices, meter=meter)
