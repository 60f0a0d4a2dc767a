"""Keys as the page shows them (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import instant
from app.pages.tables import PAGE_SIZE, Cell, Column, Table, TableQuery, cell, status
from app.pages.words import permission_name, state_badge
from core.errors import InputError, InvalidInput
from core.periods import said_day
from tenants.reads import KeyView

__all__ = ("ending", "keys_table", "scope_choices", "wished_scopes")


def keys_table(keys: Sequence[KeyView], query: TableQuery, base: str, now: datetime, tz: ZoneInfo) -> Table:
    """Return up to 50 keys, each leading to its own page; a full page has a next one."""
    return Table(
        id="keys",
        caption=_("Keys"),
        columns=(
            Column(_("Name")),
            Column(_("Acts for")),
            Column(_("Last used")),
            Column(_("Ends")),
            Column(_("Status")),
        ),
        rows=tuple(_row(key, base, now, tz) for key in keys[:PAGE_SIZE]),
        pager=query.pager_of(keys, lambda one: one.id),
        empty_title=_("No keys yet"),
        empty_text=_("A key lets a program in: your suite, your directory, your warehouse. Make the first one above."),
    )


def _row(key: KeyView, base: str, now: datetime, tz: ZoneInfo) -> tuple[Cell, ...]:
    return (
        cell(key.name, href=f"{base}/{key.id}", sub=key.hint),
        cell(key.email),
        cell(instant(key.last_used_at, tz) if key.last_used_at else _("never")),
        cell(instant(key.expires_at, tz) if key.expires_at else "–"),
        status(*state_badge(key.status(now))),
    )


def scope_choices(scopes: Iterable[str], chosen: Iterable[str]) -> tuple[tuple[str, str, bool], ...]:
    """Return scope, name, and whether it is chosen, by scope."""
    marked = set(chosen)
    return tuple((scope, permission_name(scope), scope in marked) for scope in sorted(scopes))


def wished_scopes(form: Mapping[str, str]) -> tuple[str, ...]:
    """Return the scopes whose boxes are ticked (`scope.events:write=on`)."""
    return tuple(sorted(name.removeprefix("scope.") for name in form if name.startswith("scope.")))


def ending(text: str, tz: ZoneInfo) -> datetime | None:
    """Return the end of the named local day, or None for no end.

    Raises:
        InvalidInput: it is not a date (`invalid_input`).
    """
    if not text.strip():
        return None
    try:
        return datetime.combine(said_day(text.strip()), time(23, 59, 59), tz)
    except ValueError as error:
        raise InvalidInput(InputError("ends_on", "malformed", _("Give the last day as year-month-day."))) from error
