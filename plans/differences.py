"""What differs between two versions of a plan, in words (pure).

What it means in money is a simulation: the same customers and days under both versions
(`POST /v1/simulations`), by the very code that bills.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from plans.documents import PlanDocument

__all__ = ("Difference", "differences")

NAMED = {"charges": "Charge", "discounts": "Discount", "commitments": "Commitment"}
"""Lists whose parts have keys: a part that moved is the same part."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; None on one side: it is only on the other."""

    pointer: str
    """Into the document that has it: the later one, or the earlier one of what is gone."""
    sentence: str
    before: Any
    after: Any


def differences(before: PlanDocument, after: PlanDocument) -> tuple[Difference, ...]:
    """Return what differs, in the order of the document; nothing where both bill alike.

    >>> from decimal import Decimal
    >>> from plans.charges import Charge, Price
    >>> def plan(unit):
    ...     seats = Charge(key="seats", name="Seats", model="per_unit", prices={"EUR": Price(unit=Decimal(unit))})
    ...     return PlanDocument(charges=(seats,))
    >>> [found.sentence for found in differences(plan("6.50"), plan("7.00"))]
    ["Charge 'seats', prices EUR unit: 6.50 becomes 7.00."]
    """
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return tuple(_mapping(old, new, "", ()))


def _mapping(old: Mapping[str, Any], new: Mapping[str, Any], at: str, words: tuple[str, ...]) -> Iterator[Difference]:
    for name in (*old, *(name for name in new if name not in old)):
        pointer = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
        if name in NAMED and not words:
            yield from _keyed(old.get(name, []), new.get(name, []), pointer, NAMED[name])
        elif name == "features" and not words:
            yield from _features(old.get(name, {}), new.get(name, {}), pointer)
        else:
            yield from _value(old.get(name), new.get(name), pointer, (*words, name))


def _keyed(old: Sequence[Any], new: Sequence[Any], at: str, what: str) -> Iterator[Difference]:
    before = {part["key"]: (place, part) for place, part in enumerate(old)}
    after = {part["key"]: (place, part) for place, part in enumerate(new)}
    for key, (place, part) in before.items():
        named = f"{what} '{key}'"
        if key not in after:
            yield Difference(f"{at}/{place}", f"{named} is gone.", part, None)
        else:
            there, other = after[key]
            yield from _mapping(part, other, f"{at}/{there}", (named,))
    for key, (place, part) in after.items():
        if key not in before:
            yield Difference(f"{at}/{place}", f"{what} '{key}' is new.", None, part)
    kept = [key for key in before if key in after]
    if kept != [key for key in after if key in before]:
        yield Difference(at, f"The order of {what.lower()}s changes.", list(before), list(after))


def _features(old: Mapping[str, Any], new: Mapping[str, Any], at: str) -> Iterator[Difference]:
    for name in (*old, *(name for name in new if name not in old)):
        if old.get(name) == new.get(name):
            continue
        before, after = _granted(old.get(name)), _granted(new.get(name))
        yield Difference(f"{at}/{name}", f"Feature '{name}': {before} becomes {after}.", old.get(name), new.get(name))


def _granted(feature: Mapping[str, Any] | None) -> str:
    if feature is None:
        return "not named"
    if not feature.get("granted", True):
        return "not granted"
    limit = f" up to {feature['limit']} {feature.get('unit', '')}".rstrip() if "limit" in feature else ""
    more = [feature["variant"]] if "variant" in feature else []
    more += list(feature.get("extras", ()))
    return f"granted{limit}" + (f" ({', '.join(more)})" if more else "")


def _value(old: Any, new: Any, at: str, words: tuple[str, ...]) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping(old, new, at, words)
    elif isinstance(old, Sequence) and isinstance(new, Sequence) and not isinstance(old, str) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _value(one, other, f"{at}/{place}", (*words, str(place + 1)))
    else:
        yield Difference(at, f"{_path(words)}: {_told(old)} becomes {_told(new)}.", old, new)


def _path(words: tuple[str, ...]) -> str:
    first, *rest = words
    return f"{first}, {' '.join(rest)}" if rest else first


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    return str(value) if isinstance(value, str | int) else msgspec.json.encode(value).decode()
