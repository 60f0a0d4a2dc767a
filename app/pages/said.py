"""What somebody wrote in a form, read field by field; every fault is kept beside the name of its field (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from app.i18n import gettext as _
from core.errors import InputError, InvalidInput
from core.periods import said_day

__all__ = ("Field", "Maker", "Said", "Section")

FIGURE_MAX = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class Field:
    """One field; with choices it is a list to choose from."""

    name: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    kind: str = "text"
    """`text`, `lines`, `figure`, `day`, or `boxes` (as many of the choices as are `ticked`)."""
    faults: tuple[str, ...] = ()
    ticked: tuple[str, ...] = ()
    hint: str = ""
    wide: bool = False
    """It has a line of its own: what it offers is read in full."""
    asks: bool = False
    """Its choice says which of the form's fields are shown: those whose `asked_by` names it, and those without."""
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a form: rows of fields, and what they are for."""

    title: str
    rows: tuple[tuple[Field, ...], ...]
    note: str = ""
    folded: bool = False
    """It is opened where something stands in it."""

    @property
    def is_used(self) -> bool:
        """Whether something is written in it, or wrong."""
        return any(one.value or one.faults for row in self.rows for one in row)


class Maker:
    """Makes fields with what was said and what was wrong with it."""

    def __init__(self, said: Mapping[str, str], faults: Sequence[InputError]) -> None:
        self.said = said
        self.faults = faults

    def field(self, name: str, label: str, kind: str = "text", choices: Sequence[tuple[str, str]] = ()) -> Field:
        """Return a field; one of kind `wide` has a line of its own."""
        told = tuple(fault.detail for fault in self.faults if fault.pointer == name)
        return Field(name, label, self.said.get(name, ""), tuple(choices), kind, told, wide=kind == "wide")


class Said:
    """A form that is being read. Ask for all fields, then `check`."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self._faults: list[InputError] = []

    @property
    def fields(self) -> Mapping[str, str]:
        """The form as it was sent."""
        return self._fields

    def text(self, name: str, longest: int = 500) -> str:
        """Return a text without the space around it."""
        return self._fields.get(name, "").strip()[:longest]

    def ticked(self, name: str) -> tuple[str, ...]:
        """Return which of a set of boxes are ticked."""
        begin = f"has:{name}:"
        return tuple(one.removeprefix(begin) for one in self._fields if one.startswith(begin))

    def day(self, name: str) -> date:
        """Return a date; of one that is none, a fault is kept."""
        try:
            return said_day(self.text(name))
        except ValueError:
            self.fault(name, "date_invalid", _("Write a date as 2026-01-31."))
            return date.min

    def whole(self, name: str, least: int, most: int, otherwise: int | None = None) -> int:
        """Return a whole number from `least` to `most`; left empty it is `otherwise`."""
        text = self.text(name)
        if not text and otherwise is not None:
            return otherwise
        if text.isdecimal() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        words = {"least": least, "most": most}
        self.fault(name, "number_invalid", _("Write a whole number from %(least)s to %(most)s.") % words)
        return least

    def figure(self, name: str, most: Decimal = FIGURE_MAX) -> Decimal | None:
        """Return a figure from 0 to `most`; None where nothing is written."""
        text = self.text(name)
        if not text:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if value.is_finite() and 0 <= value <= most:
            return value
        words = {"most": f"{most:,}"}
        self.fault(
            name,
            "number_invalid",
            _("Write a figure from 0 to %(most)s in plain digits, without commas: 1250 or 12.5.") % words,
        )
        return None

    def fault(self, name: str, code: str, detail: str) -> None:
        """Keep a fault."""
        self._faults.append(InputError(name, code, detail))

    def check(self, *more: InputError) -> None:
        """Refuse what has faults.

        Raises:
            InvalidInput: every fault with the name of its field.
        """
        if self._faults or more:
            raise InvalidInput(*self._faults, *more)
