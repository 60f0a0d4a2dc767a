"""Single sign-on as the pages show it and as their form says it (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.environment import role_name
from app.pages.formats import instant
from app.pages.tables import Column, Table, cell, status
from app.pages.words import state_badge
from tenants.sso.actions.set_provider import ProviderInput
from tenants.sso.reads import LinkView, ProviderView

__all__ = ("LINKS_SHOWN", "Said", "links_table", "said_of", "wish_of")

LINKS_SHOWN = 50
BLANK_ROWS = 2


@dataclass(frozen=True, slots=True)
class Said:
    """What the form shows: the provider as it is, or what somebody wrote and was refused."""

    name: str
    issuer: str
    client_id: str
    scopes: str
    groups_claim: str
    default_role: str
    enabled: bool
    link_by_email: bool
    create_missing: bool
    password_allowed: bool
    rows: tuple[tuple[str, str], ...]
    """Group and role, with blank rows for more."""


def said_of(provider: ProviderView | None, passwords: bool, form: Mapping[str, str] | None) -> Said:
    """Return what the form shows."""
    blank = (("", ""),) * BLANK_ROWS
    if form is not None:
        wish = wish_of(form)
        return Said(
            wish.name, wish.issuer, wish.client_id, wish.scopes, wish.groups_claim, wish.default_role or "",
            wish.enabled, wish.link_by_email, wish.create_missing, wish.password_allowed, (*wish.group_roles, *blank),
        )  # fmt: skip
    if provider is None:
        return Said("", "", "", "", "groups", "", True, True, False, passwords, blank)
    return Said(
        provider.name, provider.issuer, provider.client_id, provider.scopes, provider.groups_claim,
        provider.default_role or "", provider.enabled, provider.link_by_email, provider.create_missing, passwords,
        (*provider.group_roles, *blank),
    )  # fmt: skip


def wish_of(form: Mapping[str, str]) -> ProviderInput:
    """Return what the form asks for: an empty secret keeps the one that is there, a row without a group is none."""
    rows = sorted((int(name.removeprefix("group.")), said) for name, said in form.items() if _is_row(name))
    secret = form.get("client_secret", "")
    return ProviderInput(
        form.get("name", ""), form.get("issuer", "").strip(), form.get("client_id", "").strip(),
        "" if form.get("no_secret") == "on" else secret or None, form.get("enabled") == "on", form.get("scopes", ""),
        form.get("link_by_email") == "on", form.get("create_missing") == "on", form.get("default_role") or None,
        form.get("groups_claim", "").strip(),
        tuple((said.strip(), form.get(f"role.{index}", "")) for index, said in rows if said.strip()),
        form.get("password_allowed") == "on",
    )  # fmt: skip


def _is_row(name: str) -> bool:
    number = name.removeprefix("group.")
    return name.startswith("group.") and number.isascii() and number.isdigit() and len(number) <= 4


def links_table(found: Sequence[LinkView], tz: ZoneInfo) -> Table:
    """Return who signed in by a provider."""
    return Table(
        id="links",
        caption=_("Who signed in by it"),
        columns=(Column(_("User")), Column(_("Role")), Column(_("Last time")), Column(_("Status"))),
        rows=tuple(
            (
                cell(one.email, sub=one.issuer),
                cell(role_name(one.role)),
                cell(instant(one.used_at, tz), css="nowrap"),
                status(*state_badge("active" if one.active else "stopped")),
            )
            for one in found
        ),
        empty_title=_("Nobody yet"),
        empty_text=_("Sign in by the provider once yourself, before you switch passwords off."),
    )
