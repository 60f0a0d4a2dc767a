"""What a chart shows, as data: the drawing and the table under it are made from the same values."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from app.pages.formats import rounded
from core.money import Number

__all__ = ("Chart", "Flow", "Link", "Mark", "Node", "Series", "exact", "series")

Kind: TypeAlias = Literal["line", "bar", "area", "step", "steparea"]
"""How a series is drawn; a step holds its value until the next point."""


def exact(value: Number | None, digits: int = 6) -> str | None:
    """Return a value as the decimal string a chart's data carries; None is a gap."""
    return None if value is None else f"{rounded(value, digits).normalize() + Decimal(0):f}"


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line, area, step curve or set of bars."""

    name: str
    values: tuple[str | None, ...]
    kind: Kind = "line"
    stack: str = ""


class Mark(msgspec.Struct, frozen=True):
    """A horizontal line with a name, for instance the p95."""

    name: str
    value: str


class Chart(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Series over one axis. `kind` `curve` has a numeric axis, `series` one of names; with `clock` they are times."""

    title: str
    x: tuple[str, ...]
    series: tuple[Series, ...]
    kind: Literal["series", "curve"] = "series"
    x_name: str = ""
    marks: tuple[Mark, ...] = ()
    currency: str | None = None
    digits: int | None = None
    clock: bool = False

    @property
    def json(self) -> str:
        """The data as JSON that is safe inside a script element."""
        return script_json(self)


class Node(msgspec.Struct, frozen=True):
    """A box of a flow, in column `depth`; `tone` chooses its colour."""

    id: str
    name: str
    depth: int
    tone: int = 0


class Link(msgspec.Struct, frozen=True):
    """A stream between two boxes; `value` is an exact positive decimal string."""

    source: str
    target: str
    value: str


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A Sankey diagram of money."""

    title: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    value_name: str
    currency: str | None = None
    kind: Literal["sankey"] = "sankey"

    @property
    def json(self) -> str:
        """The data as JSON that is safe inside a script element."""
        return script_json(self)

    def name(self, node_id: str) -> str:
        """Return the name of a box."""
        return next(node.name for node in self.nodes if node.id == node_id)


def script_json(value: object) -> str:
    """Encode for a `<script type="application/json">`: no byte of the data can end the element."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def series(name: str, values: Sequence[Number | None], kind: Kind = "line") -> Series:
    """Return a series from numbers."""
    return Series(name, tuple(exact(value) for value in values), kind)
