"""The catalogue side by side: plans as columns from light to full, features and prices as rows (pure)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.i18n import gettext as _
from app.pages.formats import quantity
from app.pages.sales.agreement_words import agreement_rows
from app.pages.sales.policy_words import policy_rows
from app.pages.sales.prices import price_lines
from app.pages.words import feature_name, meter_name, unit_name, variant_name
from metering.policies import DEFAULT_POLICIES
from plans.documents import Feature, PlanDocument

__all__ = ("CURRENCIES", "CatalogueView", "Offer", "catalogue_view")

CURRENCIES = ("EUR", "USD", "GBP")


@dataclass(frozen=True, slots=True)
class Offer:
    """The version of a plan that new customers get."""

    key: str
    name: str
    kind: str
    rank: int
    number: int
    document: PlanDocument

    @property
    def href(self) -> str:
        """The plan's own page."""
        return f"/sales/catalogue/{self.key}"


@dataclass(frozen=True, slots=True)
class Square:
    """What one plan says in one row; `differs` from the tier before it."""

    lines: tuple[str, ...]
    differs: bool
    yes: bool | None = None
    """Whether to show a tick, a dash or (None) only words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the comparison."""

    label: str
    squares: tuple[Square, ...]


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """What the page shows."""

    currency: str
    currencies: tuple[str, ...]
    plans: tuple[Offer, ...]
    features: tuple[Line, ...]
    prices: tuple[Line, ...]
    agreements: tuple[Line, ...]
    """Discounts, commitments, prepaid credits; only rows that some plan has."""
    policies: tuple[Line, ...]
    """How meters count."""
    addons: tuple[tuple[Offer, tuple[tuple[str, tuple[str, ...]], ...]], ...]


def catalogue_view(offers: Sequence[Offer], currency: str) -> CatalogueView:
    """Return the comparison of base plans, and the add-ons with their prices."""
    plans = tuple(sorted((o for o in offers if o.kind == "base"), key=lambda o: (o.rank, o.key)))
    addons = sorted((o for o in offers if o.kind == "addon"), key=lambda o: (o.rank, o.key))
    return CatalogueView(
        currency=currency,
        currencies=CURRENCIES,
        plans=plans,
        features=tuple(_rows(plans, _feature_keys(plans), _feature_square)),
        prices=tuple(_price_rows(plans, currency)),
        agreements=tuple(row for row in _agreement_rows(plans, currency) if any(one.lines for one in row.squares)),
        policies=tuple(_policy_rows(plans)),
        addons=tuple(
            (
                o,
                (
                    *((charge.name, price_lines(charge, currency)) for charge in o.document.charges),
                    *((name, lines) for name, lines in agreement_rows(o.document, currency) if lines),
                ),
            )
            for o in addons
        ),
    )


def _feature_keys(plans: Sequence[Offer]) -> dict[str, str]:
    keys = dict.fromkeys(key for plan in plans for key in plan.document.features)
    return {key: feature_name(key) for key in keys}


def _rows(
    plans: Sequence[Offer], keys: dict[str, str], square: Callable[[Offer, str], tuple[tuple[str, ...], bool | None]]
) -> list[Line]:
    rows = []
    for key, label in keys.items():
        said = [square(plan, key) for plan in plans]
        squares = tuple(
            Square(lines, differs=_differs(plans, said, at), yes=yes) for at, (lines, yes) in enumerate(said)
        )
        rows.append(Line(label, squares))
    return rows


def _differs(plans: Sequence[Offer], said: Sequence[tuple[tuple[str, ...], bool | None]], at: int) -> bool:
    """Return whether a plan has something that no plan of the tier below it has in the same form."""
    lower = {plan.rank for plan in plans if plan.rank < plans[at].rank}
    below = [said[index] for index, plan in enumerate(plans) if lower and plan.rank == max(lower)]
    return bool(below) and said[at] != ((), False) and said[at] not in below


def _feature_square(plan: Offer, key: str) -> tuple[tuple[str, ...], bool | None]:
    feature = plan.document.features.get(key, Feature(granted=False))
    if not feature.granted:
        return ((_("as an add-on"),) if feature.addon else (), False)
    words = []
    if feature.limit is not None:
        words.append(f"{quantity(feature.limit)} {unit_name(feature.unit or '', feature.limit)}".strip())
    elif feature.unit:
        words.append(_("unlimited"))
    if feature.meter:
        words.append(_("in each billing period, by %(meter)s") % {"meter": meter_name(feature.meter)})
    if feature.variant:
        words.append(variant_name(feature.variant))
    words += [f"+ {variant_name(extra)}" for extra in feature.extras]
    return tuple(words), None if words and not feature.extras else True


def _price_rows(plans: Sequence[Offer], currency: str) -> list[Line]:
    names = {charge.key: charge.name for plan in plans for charge in plan.document.charges}

    def square(plan: Offer, key: str) -> tuple[tuple[str, ...], bool | None]:
        charge = plan.document.charge(key)
        return (price_lines(charge, currency), None) if charge else ((), False)

    return _rows(plans, names, square)


def _agreement_rows(plans: Sequence[Offer], currency: str) -> list[Line]:
    said = {plan.key: dict(agreement_rows(plan.document, currency)) for plan in plans}
    return _rows(plans, _labels(said.values()), lambda plan, label: (said[plan.key].get(label, ()), None))


def _policy_rows(plans: Sequence[Offer]) -> list[Line]:
    said = {plan.key: dict(policy_rows(plan.document.policies or DEFAULT_POLICIES)) for plan in plans}
    return _rows(plans, _labels(said.values()), lambda plan, label: (said[plan.key].get(label, ()), None))


def _labels(said: Iterable[dict[str, tuple[str, ...]]]) -> dict[str, str]:
    return {label: label for rows in said for label in rows}
