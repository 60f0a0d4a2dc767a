"""Licence files as the page shows them (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import instant, quantity
from app.pages.tables import PAGE_SIZE, Cell, Column, Table, TableQuery, cell, status
from app.pages.words import feature_name, state_badge, unit_name, variant_name
from plans.licensing.licences import LicenceView

__all__ = ("grants_of", "licence_name", "licence_plan", "licences_table")


def licences_table(found: Sequence[LicenceView], query: TableQuery, base: str, now: datetime, tz: ZoneInfo) -> Table:
    """Return up to 50 licence files, each leading to its own page; a full page has a next one."""
    return Table(
        id="licences",
        caption=_("Licence files, the newest first"),
        columns=(
            Column(_("For")),
            Column(_("Plan")),
            Column(_("Valid from")),
            Column(_("Valid until")),
            Column(_("Machine")),
            Column(_("Status")),
        ),
        rows=tuple(_row(view, base, now, tz) for view in found[:PAGE_SIZE]),
        pager=query.pager_of(found, lambda one: one.id),
        empty_title=_("No licence files yet"),
        empty_text=_("An installation without a network needs one to know what it may do. Issue the first one above."),
    )


def licence_name(view: LicenceView) -> str:
    """Return what a licence file is for, or how it is told from others."""
    return view.name or _("Licence file %(id)s") % {"id": str(view.id)[-6:]}


def licence_plan(view: LicenceView) -> str:
    """Return which version of which plan it was issued for."""
    plan = view.claims["plan"]
    return _("%(plan)s, version %(version)s") % {"plan": plan.get("name", plan["key"]), "version": plan["version"]}


def grants_of(view: LicenceView) -> list[tuple[str, str]]:
    """Return name and extent of what it grants, by name."""
    return sorted((feature_name(key), _extent(said)) for key, said in view.claims["entitlements"].items())


def _extent(said: Mapping[str, Any]) -> str:
    if "limit" in said:
        limit, unit = said["limit"], said.get("unit")
        return f"{quantity(limit)} {unit_name(unit, limit)}" if unit else quantity(limit)
    return variant_name(said["variant"]) if said.get("variant") else ""


def _row(view: LicenceView, base: str, now: datetime, tz: ZoneInfo) -> tuple[Cell, ...]:
    return (
        cell(licence_name(view), href=f"{base}/{view.id}"),
        cell(licence_plan(view)),
        cell(instant(view.starts_at, tz), css="nowrap"),
        cell(instant(view.ends_at, tz), css="nowrap"),
        cell(view.fingerprint or _("any")),
        status(*state_badge(view.status(now))),
    )
