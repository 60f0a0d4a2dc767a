"""Webhooks as the pages show them (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import instant
from app.pages.tables import PAGE_SIZE, Cell, Column, Table, TableQuery, cell, status
from app.pages.words import state_badge
from tenants.webhooks.reads import DeliveryView, EndpointView

__all__ = ("deliveries_table", "delivery_facts", "endpoints_table", "shown_address", "wished_types")

STATES = ("due", "delivered", "dead")
ADDRESS_SHOWN = 60
"""So many characters of an address name it; its own page has all of it in the form."""


def endpoints_table(found: Sequence[EndpointView], base: str, tz: ZoneInfo) -> Table:
    """Return the endpoints, each leading to its own page."""
    return Table(
        id="webhooks",
        caption=_("Endpoints"),
        columns=(Column(_("Address")), Column(_("Is told")), Column(_("Since")), Column(_("Status"))),
        rows=tuple(
            (
                cell(shown_address(one.url), href=f"{base}/{one.id}", sub=one.description),
                cell(", ".join(one.event_types) or _("everything")),
                cell(instant(one.created_at, tz)),
                status(*state_badge("active" if one.disabled_at is None else "stopped")),
            )
            for one in found
        ),
        empty_title=_("No endpoints yet"),
        empty_text=_("An endpoint is an address of yours that is told what happens here."),
    )


def shown_address(url: str) -> str:
    """Return an address as pages call it: host and path, the start of a long one; a query may hold a token.

    >>> shown_address("https://example.com/hooks?token=s3cret")
    'example.com/hooks?…'
    >>> shown_address("https://example.com:8443/" + "a" * 2000)
    'example.com:8443/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    parts = urlsplit(url)
    # Who signs in by the address itself does so before the @.
    text = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
    if len(text) >= ADDRESS_SHOWN:
        return text[: ADDRESS_SHOWN - 1] + "…"
    return f"{text}?…" if parts.query else text


def deliveries_table(found: Sequence[DeliveryView], query: TableQuery, now: datetime, tz: ZoneInfo, here: str) -> Table:
    """Return up to 50 deliveries, newest first, with filters by state, each with the button that tells it again.

    `here` is the address of their endpoint.
    """
    return Table(
        id="deliveries",
        caption=_("Deliveries"),
        columns=(
            Column(_("Event")),
            Column(_("Happened")),
            Column(_("Attempts"), numeric=True),
            Column(_("Last answer")),
            Column(_("Status")),
            Column(_("Once more")),
        ),
        rows=tuple(
            (*_row(one, now, tz, here), _again(one, query.href(f"{here}/deliveries/{one.event_id}/replay")))
            for one in found[:PAGE_SIZE]
        ),
        chips=query.states(STATES),
        pager=query.pager_of(found, lambda one: one.event_id),
        empty_title=_("Nothing told yet"),
        empty_text=_("What happens from now on appears here with what your system answered."),
    )


def delivery_facts(one: DeliveryView, now: datetime, tz: ZoneInfo) -> list[tuple[str, str]]:
    """Return what is known of a delivery, by name."""
    answer, why, again = _answer(one, now, tz)
    return [
        (_("Event"), one.event_type),
        (_("webhook-id"), str(one.event_id)),
        (_("Happened"), instant(one.happened_at, tz)),
        (_("Attempts"), str(one.attempts)),
        (_("Last tried"), instant(one.tried_at, tz) if one.tried_at else _("never")),
        (_("Last answer"), f"{answer} {why}".strip()),
        (_("Next attempt"), again or "–"),
    ]


def _answer(one: DeliveryView, now: datetime, tz: ZoneInfo) -> tuple[str, str, str]:
    """Return what the receiver answered last, what is to be said beside it, and when it is tried again, if it is."""
    again = _("again at %(time)s") % {"time": instant(one.due_at, tz)} if one.attempts else _("in a moment")
    answer = str(one.answer_status) if one.answer_status is not None else one.error or "–"
    why = one.error if one.answer_status is not None else ""
    return answer, why, again if one.status == "due" and (one.due_at > now or one.attempts) else ""


def _row(one: DeliveryView, now: datetime, tz: ZoneInfo, here: str) -> tuple[Cell, ...]:
    answer, *notes = _answer(one, now, tz)
    return (
        cell(one.event_type, href=f"{here}/deliveries/{one.event_id}", sub=str(one.event_id)),
        cell(instant(one.happened_at, tz), css="nowrap"),
        cell(str(one.attempts)),
        cell(answer, sub=" ".join(note for note in notes if note)),
        status(*state_badge(one.status)),
    )


def _again(one: DeliveryView, address: str) -> Cell:
    """Return the button that makes a delivery due at once; what was never tried is due as it is."""
    if one.status == "due" and not one.attempts:
        return cell("–")
    return Cell(_("Try now") if one.status == "due" else _("Tell again"), act=address)


def wished_types(form: Mapping[str, str]) -> list[str]:
    """Return the event types whose boxes are ticked (`event.invoice.voided=on`)."""
    return sorted(name.removeprefix("event.") for name in form if name.startswith("event."))
