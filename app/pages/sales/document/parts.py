"""What the form of a document is made of: fields, parts that hold them, and what can be added (pure)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from app.i18n import gettext as _
from app.pages.said import Field
from app.pages.sales.document.shape import joined
from core.errors import InputError

__all__ = ("Add", "Asked", "Part")

Choices = Sequence[tuple[str, str]]
OF_CURRENCY = re.compile(r"/(?:prices|amounts)/([A-Z]{3})(?:/|$)")


@dataclass(frozen=True, slots=True)
class Add:
    """Something that can be added; `asks`: the label of its name, where it needs one."""

    pointer: str
    label: str
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the form: its fields, the parts in it, what can be added; `removes` is the button's label."""

    pointer: str
    title: str
    fields: tuple[Field, ...]
    faults: tuple[str, ...] = ()
    parts: tuple["Part", ...] = ()
    adds: tuple[Add, ...] = ()
    removes: str = ""

    @property
    def has_fault(self) -> bool:
        """Whether something in it has to be mended."""
        own = self.faults or any(field.faults for field in self.fields)
        return bool(own) or any(part.has_fault for part in self.parts)

    @property
    def is_used(self) -> bool:
        """Whether it says anything."""
        return any(field.value for field in self.fields) or bool(self.parts)


class Asked:
    """Makes fields: with what the reader wrote in place of what the document says, and each fault once.

    A fault stands at its field or at the nearest thing around it.
    """

    def __init__(self, faults: Iterable[InputError], said: Mapping[str, str], currency: str) -> None:
        self.currency = currency
        self._left = [(fault.pointer, fault.detail) for fault in faults]
        self._said = said

    def text(self, pointer: str, label: str, value: str | int | None, choices: Choices = ()) -> Field:
        """Return a field of text, or one to choose from."""
        shown = "" if value is None else str(value)
        return Field(pointer, label, self._said.get(pointer, shown), tuple(choices), faults=self.at(pointer))

    def figure(self, pointer: str, label: str, value: Decimal | int | None) -> Field:
        """Return a field of a figure."""
        shown = "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
        return replace(self.text(pointer, label, shown), kind="figure")

    def money(self, pointer: str, label: str, amounts: Mapping[str, Decimal]) -> Field:
        """Return a field of an amount in the currency that is shown; what is said of all amounts stands there too."""
        own = f"{pointer}/{self.currency}"
        field = self.figure(own, f"{label}, {self.currency}", amounts.get(self.currency))
        return replace(field, faults=field.faults + self.at(pointer))

    def words(self, pointer: str, label: str, values: Iterable[str]) -> Field:
        """Return a field of values by commas."""
        text = self._said.get(pointer, joined(values))
        return Field(pointer, label, text, faults=self.within(pointer))

    def boxes(self, pointer: str, label: str, values: Sequence[str], choices: Choices) -> Field:
        """Return a set of boxes to tick; a value that is none of the choices is one more."""
        known = {value for value, _name in choices}
        offered = (*choices, *((value, value) for value in values if value not in known))
        ticked = values
        if f"set:{pointer}" in self._said:
            ticked = [value for value, _name in offered if f"has:{pointer}:{value}" in self._said]
        return Field(pointer, label, joined(ticked), offered, "boxes", self.within(pointer), tuple(ticked))

    def yes(self, pointer: str, label: str, value: bool, names: tuple[str, str]) -> Field:
        """Return a field that is left out (the first name) or true (the second)."""
        return self.text(pointer, label, "true" if value else "", [("", names[0]), ("true", names[1])])

    def at(self, pointer: str) -> tuple[str, ...]:
        """Take what is said about exactly this."""
        return self._take(lambda at: at == pointer)

    def within(self, pointer: str) -> tuple[str, ...]:
        """Take what is said about this and all in it that no field took."""
        return self._take(lambda at: at == pointer or at.startswith(f"{pointer}/"))

    def _take(self, wanted: Callable[[str], bool]) -> tuple[str, ...]:
        taken = tuple(self._told(at, detail) for at, detail in self._left if wanted(at))
        self._left = [(at, detail) for at, detail in self._left if not wanted(at)]
        return taken

    def _told(self, at: str, detail: str) -> str:
        """Say of which currency a fault is that the form does not show now."""
        found = OF_CURRENCY.search(at)
        if found is None or found[1] == self.currency:
            return detail
        return _("In %(currency)s: %(detail)s") % {"currency": found[1], "detail": detail}
