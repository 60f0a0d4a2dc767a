"""What a question about a customer may choose from, and what was chosen (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.i18n import gettext as _
from billing.answers.questions import AddonWish, PlanWish
from core.errors import InputError, InvalidInput
from plans.reads import DraftView, PlanView, VersionView
from tenants.reads import TenantView

__all__ = ("PLANS_MAX", "PlanChoice", "addons_wished", "plan_choices", "plan_wish", "tenants_wished", "whole_said")

PLANS_MAX = 20
"""So many plans does one question take."""
TENANTS_MAX = 200
MOST = 1_000_000
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A version of a plan, or its draft, that can be asked about."""

    value: str
    """`key` (the newest), `key@2` or `key@draft`."""
    name: str
    newest: bool
    """Whether new customers get it: it is offered first."""
    bought: bool
    """Whether a price goes by how many are bought."""


def plan_choices(
    plans: Sequence[PlanView], versions: Iterable[VersionView], drafts: Iterable[DraftView]
) -> tuple[PlanChoice, ...]:
    """Return what is sold, then older versions and drafts.

    Args:
        plans: base plans from light to full.
        versions: all their versions, newest first, retired ones too.
        drafts: of base plans; none for who may not see them.
    """
    names = {plan.key: plan.name for plan in plans}
    sold = [
        PlanChoice(plan.key, plan.name, True, plan.newest.document.is_bought)
        for plan in plans
        if plan.newest is not None
    ][:PLANS_MAX]
    newest = {(plan.key, plan.newest.number) for plan in plans if plan.newest is not None}
    older = [
        PlanChoice(
            f"{one.plan_key}@{one.number}",
            _("%(plan)s, version %(number)s") % {"plan": names[one.plan_key], "number": one.number},
            False,
            one.document.is_bought,
        )
        for one in versions
        if one.plan_key in names and (one.plan_key, one.number) not in newest
    ]
    written = [
        PlanChoice(f"{one.plan_key}@{DRAFT}", _("%(plan)s, draft") % {"plan": one.name}, False, one.document.is_bought)
        for one in drafts
        if one.kind == "base"
    ]
    return (*sold, *older, *written)


def plan_wish(
    value: str, choices: Sequence[PlanChoice], quantity: int | None = None, addons: tuple[AddonWish, ...] = ()
) -> PlanWish:
    """Return the plan that a choice names.

    Raises:
        InvalidInput: it is none of the choices (`plan_unknown`).
    """
    if value not in {one.value for one in choices}:
        raise InvalidInput(InputError("/plan", "plan_unknown", _("Choose one of the plans.")))
    key, _at, version = value.partition("@")
    number = int(version) if version.isdecimal() else None
    return PlanWish(plan=key, version=number, draft=version == DRAFT, quantity=quantity, addons=addons)


def addons_wished(said: Mapping[str, str], known: Iterable[tuple[str, str]]) -> tuple[AddonWish, ...]:
    """Return the add-ons that every plan is asked about with, and how many of each."""
    wished = [key for key, _name in known if said.get(f"addon.{key}", "").strip() not in ("", "0")]
    return tuple(AddonWish(key=key, quantity=whole_said(said, f"addon.{key}")) for key in wished)


def tenants_wished(said: Mapping[str, str], first: str, others: Iterable[TenantView]) -> tuple[str, ...]:
    """Return the customers that are asked about, by their short names: the one whose page it is, then those ticked.

    Raises:
        InvalidInput: they are more than one question takes (`too_many`).
    """
    found = (first, *(one.slug for one in others if one.slug != first and f"tenant.{one.slug}" in said))
    if len(found) > TENANTS_MAX:
        raise InvalidInput(InputError("/tenants", "too_many", _("Choose at most 200 customers at once.")))
    return found


def whole_said(said: Mapping[str, str], name: str) -> int:
    """Return a whole number of things.

    Raises:
        InvalidInput: it is none (`number_invalid`).
    """
    text = said.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise InvalidInput(InputError(f"/{name}", "number_invalid", _("Write a whole number from 1 to 1,000,000.")))
    return int(text)
