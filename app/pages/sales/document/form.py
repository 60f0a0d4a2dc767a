"""A plan's document as a form: a field is named by its JSON pointer, so that a fault stands beside it (pure).

Everything the document says can be changed here but `leased_pools`, which a pool's own binding writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.i18n import gettext as _
from app.pages.said import Field
from app.pages.sales.document.agreements import agreement_parts
from app.pages.sales.document.parts import Add, Asked, Choices, Part
from app.pages.sales.document.policies import policy_part
from app.pages.sales.prices import model_name
from app.pages.words import feature_name, meter_name
from core.errors import InputError, pointer_part
from metering.policies import CountingPolicies
from metering.registry import MeterSpec
from plans.charges import Charge, Price
from plans.documents import Feature, PlanDocument
from plans.validation import MAY, NEEDS, TIERED, narrowed_by

__all__ = ("ChargeForm", "DocumentForm", "document_form", "price_forms")


@dataclass(frozen=True, slots=True)
class PriceForm:
    """The figures of a charge in one currency; tiers as rows."""

    pointer: str
    fields: tuple[Field, ...]
    tiers: tuple[tuple[Field, ...], ...]
    tiered: bool
    listed: bool
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChargeForm:
    """A charge; `more` is what most charges leave as it is."""

    pointer: str
    key: str
    title: str
    fields: tuple[Field, ...]
    price: PriceForm
    more: Part
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """The whole form in one currency; `faults` belong to no field."""

    basics: tuple[Field, ...]
    charges: tuple[ChargeForm, ...]
    agreements: tuple[Part, ...]
    """Discounts, commitments, prepaid credits."""
    features: Part
    policies: Part
    faults: tuple[str, ...]


def document_form(
    document: PlanDocument, currency: str, meters: Mapping[str, MeterSpec], faults: Iterable[InputError],
    said: Mapping[str, str], addons: Choices = (),
) -> DocumentForm:  # fmt: skip
    """Return the form of a document.

    Args:
        document: as it was saved.
        currency: whose prices are shown.
        meters: what may be counted, by name, in the order in which they are offered.
        faults: with pointers into the document.
        said: what the reader wrote, where it could not be taken.
        addons: key and name of what a feature may come with.
    """
    asked = Asked(faults, said, currency)
    metered = (("", _("Nothing is counted")), *((name, meter_name(name)) for name in meters))
    basics = (asked.figure("/interval_months", _("Billed every so many months"), document.interval_months),)
    charges = tuple(
        _charge(asked, charge, f"/charges/{place}", metered, meters.get(charge.meter or ""))
        for place, charge in enumerate(document.charges)
    )
    agreements = agreement_parts(asked, document, metered[1:])
    features = Part(
        "/features",
        _("Features and their limits"),
        (),
        parts=tuple(_feature(asked, key, feature, metered, addons) for key, feature in document.features.items()),
        adds=(Add("/features", _("Add the feature"), _("Another feature")),),
    )
    policies = policy_part(asked, document.policies)
    return DocumentForm(basics, charges, agreements, features, policies, asked.within(""))


def policies_form(policies: CountingPolicies, faults: Iterable[InputError], said: Mapping[str, str]) -> Part:
    """Return the form of how meters count, apart from any plan."""
    return policy_part(Asked(faults, said, ""), policies)


def price_forms(
    document: PlanDocument, currency: str, faults: Iterable[InputError], said: Mapping[str, str]
) -> tuple[tuple[str, PriceForm], ...]:
    """Return name and figures of each charge: what a quote may say otherwise."""
    asked = Asked(faults, said, currency)
    return tuple(
        (charge.name, _price(asked, charge, f"/charges/{place}")) for place, charge in enumerate(document.charges)
    )


def _charge(asked: Asked, charge: Charge, at: str, metered: Choices, meter: MeterSpec | None) -> ChargeForm:
    fields = [
        asked.text(f"{at}/name", _("Name"), charge.name),
        asked.text(f"{at}/key", _("Key"), charge.key),
        asked.text(f"{at}/model", _("Model"), charge.model, [(name, model_name(name)) for name in NEEDS]),
        asked.text(f"{at}/meter", _("What is counted"), charge.meter, metered),
        asked.figure(f"{at}/included", _("Included free"), charge.included or None),
    ]
    if charge.model == "price_list":
        fields.append(asked.text(f"{at}/dimension", _("Listed by"), charge.dimension, _dimensions(charge, meter)))
        fields.append(asked.words(f"{at}/list_order", _("Free units go first to (by commas)"), charge.list_order))
    if charge.meter is None or charge.in_advance:
        fields.append(asked.yes(f"{at}/in_advance", _("Billed"), charge.in_advance, (_("at the end"), _("in advance"))))
    if charge.meter is None or charge.once:
        fields.append(asked.yes(f"{at}/once", _("Due"), charge.once, (_("every period"), _("one time"))))
    price, more = _price(asked, charge, at), _more(asked, charge, at, metered, meter)
    return ChargeForm(at, charge.key, charge.name, tuple(fields), price, more, asked.within(at))


def _dimensions(charge: Charge, meter: MeterSpec | None) -> Choices:
    """Return what the meter can be listed by; what it cannot, and is said, stands there too, with its fault."""
    known = list(meter.dimensions) if meter else []
    if charge.dimension and charge.dimension not in known:
        known.append(charge.dimension)
    return [("", "–"), *((name, name) for name in known)]


def _more(asked: Asked, charge: Charge, at: str, metered: Choices, meter: MeterSpec | None) -> Part:
    """Return pools, the bank, fair use, yearly tiers, intervals, proration, and which entries count."""
    pool = charge.included_per
    narrowed = dict.fromkeys(narrowed_by(meter) if meter and meter.additive else (), ()) | charge.where
    fields = (
        asked.figure(f"{at}/included_per_item", _("Free for each unit held"), charge.included_per_item or None),
        asked.figure(f"{at}/included_per/quantity", _("Pooled free units"), pool.quantity if pool else None),
        asked.text(f"{at}/included_per/meter", _("for each of"), pool.meter if pool else "", (("", "–"), *metered[1:])),
        asked.text(
            f"{at}/included_per/period", _("over"), "" if pool is None or pool.period == "year" else pool.period,
            [("", _("the contract year")), ("period", _("each billing period"))],
        ),
        asked.figure(f"{at}/rollover_months", _("User bank: unused free units last, months"), charge.rollover_months),
        asked.yes(f"{at}/fair_use", _("Fair use"), charge.fair_use, (_("no credit"), _("idle members are credited"))),
        asked.text(
            f"{at}/tier_period", _("Tiers over"), charge.tier_period,
            [("", _("each billing period")), ("year", _("the contract year"))],
        ),
        asked.figure(f"{at}/interval_months", _("Its own interval, months"), charge.interval_months),
        asked.text(
            f"{at}/proration", _("Part of a period costs"), "" if charge.proration == "by_second" else charge.proration,
            [("", _("its share by the second")), ("by_day", _("its share by the day")), ("none", _("all of it"))],
        ),
        *(
            asked.words(f"{at}/where/{pointer_part(name)}", _("Only %(name)s (by commas)") % {"name": name}, values)
            for name, values in narrowed.items()
        ),
    )  # fmt: skip
    return Part(at, _("Free units, pools, intervals, what counts"), fields)


def _price(asked: Asked, charge: Charge, at: str) -> PriceForm:
    price, where = charge.prices.get(asked.currency, Price()), f"{at}/prices/{asked.currency}"
    names = [name for name in (*NEEDS[charge.model], *MAY.get(charge.model, ())) if name not in ("tiers", "entries")]
    labels = {
        "amount": _("Amount"), "unit": _("Price of one"), "size": _("Package of"), "percent": _("Per cent"),
        "fixed": _("Plus"), "least": _("At least"), "most": _("At most"), "default": _("All others"),
        "minimum": _("Least of a bill"), "cap": _("Most of a bill"),
    }  # fmt: skip
    fields = [asked.figure(f"{where}/entries/{pointer_part(key)}", key, unit) for key, unit in price.entries.items()]
    fields += [
        asked.figure(f"{where}/{name}", labels[name], getattr(price, name)) for name in (*names, "minimum", "cap")
    ]
    shown = ("up_to", "flat") if charge.model == "stairstep" else ("up_to", "unit", "flat")
    edges = {"up_to": _("Up to"), "unit": _("Price of one"), "flat": _("Flat amount")}
    tiers = tuple(
        tuple(asked.figure(f"{where}/tiers/{place}/{name}", edges[name], getattr(tier, name)) for name in shown)
        for place, tier in enumerate(price.tiers)
    )
    listed = charge.model == "price_list"
    return PriceForm(where, tuple(fields), tiers, charge.model in TIERED, listed, asked.within(where))


def _feature(asked: Asked, key: str, feature: Feature, metered: Choices, addons: Choices) -> Part:
    at = f"/features/{pointer_part(key)}"
    yes = [("true", _("granted")), ("false", _("not granted"))]
    counted = (("", _("the asker keeps to it")), *metered[1:])
    brought = [("", "–"), *addons]
    if feature.addon and feature.addon not in dict(addons):
        brought.append((feature.addon, feature.addon))
    fields = (
        asked.text(f"{at}/granted", _("Granted"), "true" if feature.granted else "false", yes),
        asked.figure(f"{at}/limit", _("Limit"), feature.limit),
        asked.text(f"{at}/unit", _("Unit"), feature.unit),
        asked.text(f"{at}/meter", _("Used up by"), feature.meter, counted),
        asked.text(f"{at}/variant", _("Variant"), feature.variant),
        asked.words(f"{at}/extras", _("Extras (by commas)"), feature.extras),
        asked.text(f"{at}/addon", _("Comes with the add-on"), feature.addon, brought),
    )
    name = feature_name(key)
    return Part(at, name, fields, asked.within(at), removes=_("Remove %(name)s") % {"name": name})
