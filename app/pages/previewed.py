"""A form that is previewed before it is done: `layouts/previewed_form.html` shows it (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.pages.said import Section
from app.pages.sales.contracts.foreseen import ForeseenView

__all__ = ("SEEN", "FormPage", "Previewed", "carried")

SEEN = "seen"
"""The field that says as what things were seen when the form was previewed."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """A form with what it comes to, ready to be confirmed."""

    view: ForeseenView
    seen: str
    carried: dict[str, str]
    """The very request, field by field."""


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form that is previewed before it is done."""

    title: str
    told: str
    here: str
    """Where it is done; its preview is `/preview` below."""
    sections: tuple[Section, ...]
    word: str = ""
    """To be typed for what cannot be undone."""
    possible: date | None = None
    """The first day that works, offered in place of one that does not."""
    back_to: str = ""
    """What the way back leads to; empty: the customer."""


def carried(data: Mapping[str, str]) -> dict[str, str]:
    """Return the request that was previewed, field by field, as its confirmation sends it."""
    return {name: text for name, text in data.items() if name not in ("csrf_token", SEEN, "word")}
