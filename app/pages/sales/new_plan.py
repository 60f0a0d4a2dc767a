"""The forms of a new plan or add-on, and of the families that plans are ordered in (pure)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from unicodedata import normalize

from app.i18n import gettext as _
from app.pages.said import Field, Said
from core.errors import InputError
from plans.actions.save_draft import PlanIdentity
from plans.reads import FamilyView, PlanView

__all__ = (
    "FamilyCard",
    "NewPlan",
    "family_cards",
    "family_fields",
    "key_of",
    "plan_fields",
    "tiers_said",
    "tiers_text",
    "to_plan",
)

TIER_MAX = 1_000


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan that is begun."""

    key: str
    identity: PlanIdentity
    like: str
    """The key of the plan that it begins as a copy of; empty: with nothing."""


@dataclass(frozen=True, slots=True)
class FamilyCard:
    """A family with its plans from light to full."""

    family: FamilyView
    plans: tuple[tuple[PlanView, Field], ...]
    """Each with the field of its tier."""
    addons: tuple[PlanView, ...]
    told: str


def key_of(name: str) -> str:
    """Return a name as a key: lower-case letters, digits and dashes.

    >>> key_of("Full Suite, 2027"), key_of("Großes Café")
    ('full-suite-2027', 'grosses-cafe')
    """
    plain = normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def plan_fields(
    said: Mapping[str, str], families: Sequence[FamilyView], plans: Sequence[PlanView], faults: Sequence[InputError]
) -> tuple[Field, ...]:
    """Return the form of a new plan or add-on."""

    def field(name: str, label: str, kind: str = "text", choices: Sequence[tuple[str, str]] = ()) -> Field:
        told = tuple(fault.detail for fault in faults if fault.pointer == name)
        return Field(name, label, said.get(name, ""), tuple(choices), kind, told)

    return (
        field("name", _("Name")),
        replace(field("key", _("Key")), hint=_("Empty: made from the name. It never changes.")),
        field("kind", _("It is"), choices=[("base", _("a plan")), ("addon", _("an add-on to plans"))]),
        field("family", _("Family"), choices=[(one.key, one.name) for one in families]),
        field("tier", _("Tier, 1 is the lightest"), "figure"),
        replace(
            field("like", _("Begins as"), choices=[("", _("an empty plan")), *_copies(plans)]),
            hint=_("A copy can be changed as you like."),
            wide=True,
        ),
    )


def to_plan(fields: Mapping[str, str], families: Sequence[FamilyView], plans: Sequence[PlanView]) -> NewPlan:
    """Return the plan that a form says.

    Raises:
        InvalidInput: every field that cannot be read, by its name.
    """
    said = Said(fields)
    name = said.text("name", 100)
    key = said.text("key", 60) or key_of(name)
    if not name:
        said.fault("name", "name_missing", _("Write what it is called."))
    if not key or key != key_of(key) or key == "base":
        said.fault("key", "plan_key_invalid", _("A key has lower-case letters, digits and “-” only."))
    if said.text("family") not in {one.key for one in families}:
        said.fault("family", "family_unknown", _("Choose one of the families."))
    like = said.text("like")
    if like not in {"", *(key for key, _name in _copies(plans))}:
        said.fault("like", "plan_unknown", _("Choose one of the plans."))
    identity = PlanIdentity(
        name, said.text("family"), "addon" if said.text("kind") == "addon" else "base", said.whole("tier", 1, TIER_MAX)
    )
    said.check()
    return NewPlan(key, identity, like)


def family_fields(said: Mapping[str, str], faults: Sequence[InputError]) -> tuple[Field, ...]:
    """Return the form of a new family."""
    labels = {"name": _("Name"), "key": _("Key (empty: made from the name)")}
    return tuple(
        Field(name, label, said.get(name, ""), faults=tuple(one.detail for one in faults if one.pointer == name))
        for name, label in labels.items()
    )


def family_cards(
    families: Sequence[FamilyView], plans: Sequence[PlanView], said: Mapping[str, str], faults: Sequence[InputError]
) -> tuple[FamilyCard, ...]:
    """Return the families, each with the fields of its order."""

    def tier(plan: PlanView) -> Field:
        name = f"tier:{plan.key}"
        told = tuple(fault.detail for fault in faults if fault.pointer == name)
        return Field(name, plan.name, said.get(name, str(plan.rank)), kind="figure", faults=told)

    return tuple(
        FamilyCard(
            family,
            tuple((one, tier(one)) for one in plans if one.family_key == family.key and one.kind == "base"),
            tuple(one for one in plans if one.family_key == family.key and one.kind == "addon"),
            ", ".join(fault.detail for fault in faults if fault.pointer == family.key),
        )
        for family in families
    )


def tiers_said(fields: Mapping[str, str], plans: Sequence[PlanView]) -> list[list[str]]:
    """Return the order that a form says: plans of one tier together, from light to full.

    Raises:
        InvalidInput: a tier that is no number, by its field.
    """
    said = Said(fields)
    ranks = {plan.key: said.whole(f"tier:{plan.key}", 1, TIER_MAX) for plan in plans}
    said.check()
    return [[key for key, rank in ranks.items() if rank == tier] for tier in sorted(set(ranks.values()))]


def _copies(plans: Sequence[PlanView]) -> list[tuple[str, str]]:
    return [(one.key, _("a copy of %(plan)s") % {"plan": one.name}) for one in plans if one.newest is not None]


def tiers_text(plans: Sequence[PlanView]) -> str:
    """Return in a sentence which tier each plan stands in."""
    told = "; ".join(f"{one.rank} {one.name}" for one in plans if one.kind == "base" and one.newest is not None)
    return _("Tiers now: %(tiers)s.") % {"tiers": told} if told else ""
