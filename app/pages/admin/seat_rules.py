"""The rules of a seat pool as a form says and shows them (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.i18n import gettext as _
from app.pages.sales.policy_words import audience_name
from core.errors import InputError, InvalidInput
from plans.licensing.seats.actions.keep_pool import PoolInput
from plans.licensing.seats.reads import AutoAssign, PoolView
from tenants.people import AUDIENCES

__all__ = ("RulesSaid", "rules_said", "wished_rules")


@dataclass(frozen=True, slots=True)
class RulesSaid:
    """What the form shows; `audiences` are value, name, and whether it is ticked."""

    name: str
    seats: str
    moves: str
    audiences: tuple[tuple[str, str, bool], ...]
    cost_centres: str


def rules_said(pool: PoolView | None, form: Mapping[str, str] | None) -> RulesSaid:
    """Return what somebody wrote and was refused, else the pool as it is, else nothing."""
    if form is not None:
        name, seats, moves = (form.get(field, "") for field in ("name", "seats", "moves"))
        return RulesSaid(name, seats, moves, _ticked(_chosen(form)), form.get("cost_centres", ""))
    if pool is None:
        return RulesSaid("", "", "", _ticked(()), "")
    auto, moves = pool.auto_assign, "" if pool.moves_per_year is None else str(pool.moves_per_year)
    return RulesSaid(pool.name, str(pool.seats), moves, _ticked(auto.audiences), ", ".join(auto.cost_centres))


def wished_rules(key: str, form: Mapping[str, str]) -> PoolInput:
    """Return the rules that the form says.

    Raises:
        InvalidInput: a figure cannot be read (`invalid_input`).
    """
    moves = form.get("moves", "").strip()
    centres = tuple(code.strip() for code in form.get("cost_centres", "").split(",") if code.strip())
    try:
        seats, most = int(form.get("seats", "")), int(moves) if moves else None
    except ValueError as error:
        raise InvalidInput(
            InputError("/seats", "seats_invalid", _("Give seats and moves as whole numbers."))
        ) from error
    return PoolInput(key.strip(), form.get("name", ""), seats, most, AutoAssign(_chosen(form), centres))


def _chosen(form: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in AUDIENCES if form.get(f"audience.{name}"))


def _ticked(chosen: tuple[str, ...]) -> tuple[tuple[str, str, bool], ...]:
    return tuple((name, audience_name(name), name in chosen) for name in AUDIENCES)
