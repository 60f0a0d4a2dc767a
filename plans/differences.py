"""What differs between two versions of a plan, in words (pure).

What it means in money is a simulation: the same customers and days under both versions
(`POST /v1/simulations`), by the very code that bills.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.errors import pointer_part
from plans.documents import PlanDocument

__all__ = ("Difference", "differences")

NAMED: Final = {"charges": "Charge", "discounts": "Discount", "commitments": "Commitment", "credits": "Credits"}
"""Lists whose parts have keys: a part that moved is the same part."""
INTO: Final = {
    "prices": "price in", "amounts": "amount in", "tiers": "tier", "entries": "of", "where": "counts only, by",
    "classes": "weight of", "audiences": "weight of", "kind_weights": "weight of", "triggers": "trigger of",
    "refunds": "refunds of", "before_class": "rule before the class", "after_trigger": "rule after the charge",
}  # fmt: skip
"""What holds things by name or place: said together with that name."""
LABELS: Final = {
    "interval_months": "interval in months", "meter": "counts", "up_to": "up to", "unit": "for one",
    "flat": "flat amount", "percent": "per cent", "fixed": "plus", "least": "at least", "most": "at most",
    "default": "of all others", "cap": "maximum", "included": "included units",
    "included_per_item": "included for each one held", "included_per": "pool", "rollover_months": "kept for months",
    "rollover_percent": "per cent that is kept", "list_order": "free units go first to", "tier_period": "tiers over a",
    "fair_use": "fair-use credit", "once": "due one time", "in_advance": "in advance", "periods": "in first periods",
    "months": "months", "expires_months": "expires after months", "early_end": "at an early end",
    "charges": "for charges", "meters": "for what is counted by", "refundable": "can be given back",
    "policies": "how meters count", "active_types": "what makes active", "min_events": "active from acts",
    "idle_days": "idle after days", "cooldown_days": "cool-down in days", "timeout_s": "time-out in seconds",
    "max_session_s": "longest session in seconds", "count_by": "counted by", "leased_pools": "leased pools",
    "access_window_days": "access window in days", "no_show_billable": "a missed class is charged",
    "unless_begun": "nothing once it is begun",
}  # fmt: skip
DEFAULTS: Final = {
    "interval_months": 1, "included": 0, "included_per_item": 0, "proration": "by_second", "early_end": "prorated",
    "priority": 100, "rollover_percent": 100, "idle_days": 28,
}  # fmt: skip
"""What holds where the document is silent."""


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
    ["Charge 'Seats', price in EUR, for one: 6.50 becomes 7.00."]
    """
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return tuple(_mapping(old, new, "", ()))


def _mapping(old: Mapping[str, Any], new: Mapping[str, Any], at: str, words: tuple[str, ...]) -> Iterator[Difference]:
    for name in (*old, *(name for name in new if name not in old)):
        pointer = f"{at}/{pointer_part(name)}"
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
        named = f"{what} '{part['name']}'"
        if key not in after:
            yield Difference(f"{at}/{place}", f"{named} is gone.", part, None)
        else:
            there, other = after[key]
            yield from _mapping(part, other, f"{at}/{there}", (named,))
    for key, (place, part) in after.items():
        if key not in before:
            said = _all({name: value for name, value in part.items() if name not in ("key", "name")})
            yield Difference(f"{at}/{place}", f"{what} '{part['name']}' is new{said and f': {said}'}.", None, part)
    kept = [key for key in before if key in after]
    if kept != [key for key in after if key in before]:
        yield Difference(at, f"The order of {what.lower().removesuffix('s')}s changes.", list(before), list(after))


def _features(old: Mapping[str, Any], new: Mapping[str, Any], at: str) -> Iterator[Difference]:
    for name in (*old, *(name for name in new if name not in old)):
        if old.get(name) == new.get(name):
            continue
        before, after = _granted(old.get(name)), _granted(new.get(name))
        yield Difference(f"{at}/{name}", f"Feature '{name}': {before} becomes {after}.", old.get(name), new.get(name))


def _granted(feature: Mapping[str, Any] | None) -> str:
    if feature is None:
        return "not named"
    addon = f" (comes with '{feature['addon']}')" if "addon" in feature else ""
    if not feature.get("granted", True):
        return f"not granted{addon}"
    limit = f" up to {feature['limit']} {feature.get('unit', '')}".rstrip() if "limit" in feature else ""
    used = f" used up by {feature['meter']}" if "meter" in feature else ""
    more = [feature["variant"]] if "variant" in feature else []
    more += list(feature.get("extras", ()))
    return f"granted{limit}{used}" + (f" ({', '.join(more)})" if more else "") + addon


def _value(old: Any, new: Any, at: str, words: tuple[str, ...]) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping(old, new, at, words)
    elif _parts(old) and _parts(new) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _value(one, other, f"{at}/{place}", (*words, str(place + 1)))
    else:
        default = DEFAULTS.get(words[-1], False if isinstance(old, bool) or isinstance(new, bool) else None)
        before, after = (_told(default if value is None else value) for value in (old, new))
        said = _path(words)
        yield Difference(at, f"{said[0].upper()}{said[1:]}: {before} becomes {after}.", old, new)


def _parts(value: Any) -> bool:
    """Tell whether this is a list of things that have fields of their own."""
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, Mapping) for one in value)


def _path(words: Sequence[str]) -> str:
    said: list[str] = []
    names = iter(words)
    for name in names:
        inner = next(names, None) if name in INTO else None
        said.append(LABELS.get(name, name.replace("_", " ")) if inner is None else f"{INTO[name]} {inner}")
    return ", ".join(said)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _all(value) or "nothing"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ("; " if _parts(value) else ", ").join(_told(one) for one in value) or "nothing"
    return "nothing" if value is None else str(value)


def _all(value: Mapping[str, Any]) -> str:
    """Say everything in it: `counts seats.named.peak, price in EUR for one 6.50`."""
    said = []
    for name, held in value.items():
        if name in INTO and isinstance(held, Mapping):
            said += [f"{_path((name, inner))} {_told(one)}" for inner, one in held.items()]
        else:
            said.append(f"{_path((name,))} {_told(held)}")
    return ", ".join(said)
