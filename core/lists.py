"""Conditions over lists that may be long.

`IN` binds each value by itself, and a statement takes 65,535 at most; an array is one.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, all_, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ("any_of", "none_of", "pairs")


def any_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values; of none it is false."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def none_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has none of these values; of none it is true."""
    return column != all_(literal(list(values), ARRAY(column.type)))


def pairs(
    first: InstrumentedAttribute[Any], second: InstrumentedAttribute[Any], values: Collection[tuple[Any, Any]]
) -> Select[Any]:
    """Return pairs as a query of two columns of these types, for `tuple_(first, second).in_`."""
    sides = ([value[place] for value in values] for place in (0, 1))
    return select(
        *(func.unnest(literal(side, ARRAY(column.type))) for column, side in zip((first, second), sides, strict=True))
    )
