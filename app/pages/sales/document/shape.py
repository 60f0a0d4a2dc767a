"""Which fields a plan's document has, and how each is read from what somebody wrote (pure).

The tree follows the document: `#` stands for a place in a list, `*` for any key.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol, TypeAlias, get_args

from app.i18n import gettext as _
from metering.policies import Trigger
from plans.charges import ChargeModel, Proration

__all__ = ("ACTS", "Kind", "joined", "kind_of", "listed")

ACTS: Final = (
    "activity.performed", "contribution.created", "course.enrolled", "course.launched", "course.completed",
    "class.attended", "session.started",
)  # fmt: skip
"""The events that can make a person active; a policy may name others, which are kept."""


DIGITS: Final = 40


class Kind(Protocol):
    """How a field is read."""

    def read(self, text: str) -> Any:
        """Return the JSON value; None: the field is left out.

        Raises:
            ValueError: it cannot be read; the message says what to write instead.
        """


@dataclass(frozen=True, slots=True)
class Words:
    """A text; a needed one that is empty stays, for the validation to name."""

    needed: bool = False

    def read(self, text: str) -> Any:
        """Return the text."""
        return text or ("" if self.needed else None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values; none is the document's default, where there is one."""

    values: tuple[str, ...]
    needed: bool = False

    def read(self, text: str) -> Any:
        """Return the value."""
        if text not in (self.values if self.needed else ("", *self.values)):
            raise ValueError(_("Choose one of: %(values)s.") % {"values": ", ".join(self.values)})
        return text or None


@dataclass(frozen=True, slots=True)
class YesNo:
    """True, false, or nothing said."""

    needed: bool = False

    def read(self, text: str) -> Any:
        """Return the truth."""
        said = {"true": True, "false": False}.get(text)
        if said is None and self.needed:
            raise ValueError(_("Choose one of: %(values)s.") % {"values": "true, false"})
        return said


@dataclass(frozen=True, slots=True)
class Several:
    """Values in a list, by commas."""

    none_is_said: bool = False
    """No value is an empty list, not what holds where nothing is said."""

    def read(self, text: str) -> Any:
        """Return the values, each once."""
        return listed(text) or ([] if self.none_is_said else None)


@dataclass(frozen=True, slots=True)
class Figure:
    """A decimal figure; with bounds where nothing later looks at them."""

    least: int | None = None
    most: int | None = None
    needed: bool = False

    def read(self, text: str) -> Any:
        """Return the figure as text, so that no price ever is a float."""
        if not text and not self.needed:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        low, high = self.least, self.most
        # No figure is longer than that written out, and none shall fill the memory.
        if not value.is_finite() or abs(value.adjusted()) > DIGITS:
            raise ValueError(_("Write a figure with a point, for instance 1250.50."))
        if (low is not None and value < low) or (high is not None and value > high):
            words = {"least": low, "most": high}
            raise ValueError(
                _("Write a figure from %(least)s to %(most)s.") % words
                if high is not None
                else _("Write a figure that is not below %(least)s.") % words
            )
        return f"{value:f}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; with bounds where nothing later looks at them."""

    least: int = 0
    most: int = 10**9
    needed: bool = False

    def read(self, text: str) -> Any:
        """Return the number."""
        if not text and not self.needed:
            return None
        if not text.isdecimal() or not text.isascii():
            raise ValueError(_("Write a whole number, for instance 500."))
        if len(text) > 10 or not self.least <= int(text) <= self.most:
            words = {"least": self.least, "most": self.most}
            raise ValueError(_("Write a whole number from %(least)s to %(most)s.") % words)
        return int(text)


Tree: TypeAlias = "dict[str, Kind | Tree]"
FIGURE, WHOLE, TEXT, NEEDED, SEVERAL, YES_NO = Figure(), Whole(), Words(), Words(needed=True), Several(), YesNo()
WEIGHT, DAY_S = Figure(least=0), 86_400
AMOUNTS: Tree = {"*": FIGURE}
PRICE: Tree = {
    **dict.fromkeys(
        ("amount", "unit", "size", "percent", "fixed", "least", "most", "default", "minimum", "cap"), FIGURE
    ),
    "tiers": {"#": {"up_to": FIGURE, "unit": FIGURE, "flat": FIGURE}},
    "entries": {"*": FIGURE},
}
CHARGE: Tree = {
    "key": NEEDED, "name": NEEDED, "model": Choice(get_args(ChargeModel)), "meter": TEXT, "dimension": TEXT,
    "included": FIGURE, "included_per_item": FIGURE, "rollover_months": WHOLE, "interval_months": WHOLE,
    "included_per": {"meter": NEEDED, "quantity": FIGURE, "period": Choice(("year", "period"))},
    "where": {"*": SEVERAL}, "list_order": SEVERAL, "tier_period": Choice(("year",)), "fair_use": YES_NO,
    "once": YES_NO, "in_advance": YES_NO, "proration": Choice(get_args(Proration)), "prices": {"*": PRICE},
}  # fmt: skip
FEATURE: Tree = {
    "granted": YES_NO, "limit": WHOLE, "unit": TEXT, "meter": TEXT, "variant": TEXT, "extras": SEVERAL, "addon": TEXT,
}  # fmt: skip
AGREED: Tree = {"key": NEEDED, "name": NEEDED, "charges": SEVERAL, "amounts": AMOUNTS}
CREDITS: Tree = {
    **AGREED, "prices": AMOUNTS, "months": WHOLE, "expires_months": WHOLE, "rollover_months": WHOLE,
    "rollover_percent": FIGURE, "priority": WHOLE, "meters": SEVERAL, "refundable": YES_NO,
}  # fmt: skip
REFUND: Tree = {"days": Whole(0, 3650, needed=True), "percent": Figure(0, 100, needed=True)}
POLICIES: Tree = {
    "weights": {"classes": {"*": WEIGHT}, "audiences": {"*": WEIGHT}},
    "members": {
        "active_types": Several(none_is_said=True), "min_events": Whole(1), "idle_days": Whole(1, 366),
        "kind_weights": {"*": WEIGHT},
    },
    "seats": {"cooldown_days": Whole(0, 3650)},
    "sessions": {
        "timeout_s": Whole(1, 31 * DAY_S), "max_session_s": Whole(1, 31 * DAY_S),
        "count_by": Choice(("person", "person_device", "session")),
    },
    "courses": {
        "triggers": {"*": Choice(get_args(Trigger))},
        "access_window_days": Whole(1, 36_500),
        "no_show_billable": YES_NO,
        "refunds": {
            "*": {
                "before_class": {"#": {**REFUND, "unit": Choice(("business_days", "calendar_days"), needed=True)}},
                "after_trigger": {"#": {**REFUND, "unless_begun": YesNo(needed=True)}},
            },
        },
    },
}  # fmt: skip
SHAPE: Final[Tree] = {
    "interval_months": WHOLE,
    "charges": {"#": CHARGE},
    "features": {"*": FEATURE},
    "discounts": {"#": {**AGREED, "percent": FIGURE, "periods": WHOLE}},
    "commitments": {"#": {**AGREED, "months": WHOLE, "early_end": Choice(("prorated", "due"))}},
    "credits": {"#": CREDITS},
    "policies": POLICIES,
}


def kind_of(way: Sequence[str]) -> Kind | None:
    """Return how the field at the end of the way is read; None: the document has no such field.

    >>> kind_of(["charges", "0", "included"]).read("2.50"), kind_of(["charges", "x", "included"])
    ('2.50', None)
    """
    at: Kind | Tree | None = SHAPE
    for part in way:
        if not isinstance(at, dict):
            return None
        at = at.get(part) or (at.get("#") if part.isdecimal() else None) or at.get("*")
    return None if isinstance(at, dict) else at


def joined(values: Iterable[str]) -> str:
    """Write values by commas; one that has a comma itself in quotation marks."""
    return ", ".join(
        f'"{value.replace(chr(34), chr(34) * 2)}"' if set(value) & {",", '"'} else value for value in values
    )


def listed(text: str) -> list[str]:
    """Read values by commas.

    >>> listed('wbt, "a, b", wbt')
    ['wbt', 'a, b']
    """
    found = next(csv.reader([text], skipinitialspace=True), [])
    return list(dict.fromkeys(value.strip() for value in found if value.strip()))
