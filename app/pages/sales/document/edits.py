"""What somebody wrote in the form of a plan's document becomes a document (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from app.i18n import gettext as _
from app.pages.sales.document.shape import joined, kind_of
from core.errors import InputError
from metering.policies import DEFAULT_POLICIES
from plans.charges import ChargeModel
from plans.documents import PlanDocument, document_json, parse_document
from plans.validation import MAY, NEEDS, TIERED

__all__ = ("applied",)

TEXT_MAX = 1_000
GROWN = ("included_per", "where", "amounts")
"""Parts that are made by their first field."""
NEW_RULES: Mapping[str, Mapping[str, Any]] = {
    "before_class": {"days": 5, "unit": "business_days", "percent": "100"},
    "after_trigger": {"days": 14, "unless_begun": True, "percent": "100"},
}
Json = dict[str, Any]


def applied(document: PlanDocument, said: Mapping[str, str]) -> tuple[PlanDocument, list[InputError]]:
    """Return the document with what the form says, and what of it could not be read.

    Args:
        document: what the form was made of.
        said: by pointer; boxes as `has:<pointer>:<value>` beside `set:<pointer>`. Anything else in it but
            `act` (`add:/charges`, `remove:/charges/2`) is left alone.
    """
    whole: Json = msgspec.json.decode(document_json(document))
    faults = []
    for pointer, text in {**said, **dict(_boxes(said))}.items():
        if not pointer.startswith("/"):
            continue
        try:
            _put(whole, _way(pointer), text.strip()[:TEXT_MAX])
        except ValueError as fault:
            faults.append(InputError(pointer, "malformed", str(fault)))
    for charge in whole.get("charges", ()):
        _fit_model(charge)
        _fit_pool(charge)
    if not faults:
        _act(whole, said)
    try:
        return parse_document(whole), faults
    except msgspec.ValidationError:
        # No button asks for that: a part went that its surroundings need.
        return document, [InputError("", "malformed", _("This cannot go alone: remove the part that it belongs to."))]


def _way(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _boxes(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield for each set of boxes the values that are ticked."""
    for name in said:
        if name.startswith("set:"):
            pointer = name.removeprefix("set:")
            begin = f"has:{pointer}:"
            yield pointer, joined(one.removeprefix(begin) for one in said if one.startswith(begin))


def _put(whole: Json, way: list[str], text: str) -> None:
    kind = kind_of(way)
    at: Any = whole
    for part in way[:-1]:
        if text and isinstance(at, dict) and (part in GROWN or (part == "prices" and way[0] == "credits")):
            at.setdefault(part, {})
        at = _inside(at, part)
    if kind is None or not isinstance(at, dict):
        return
    name, value = way[-1], kind.read(text)
    if value is None:
        at.pop(name, None)
    elif not (isinstance(value, list) and sorted(value) == sorted(at.get(name, ()))):
        at[name] = value


def _inside(at: Any, part: str) -> Any:
    if isinstance(at, list):
        return at[int(part)] if part.isdecimal() and int(part) < len(at) else None
    return at.get(part) if isinstance(at, dict) else None


def _fit_model(charge: Json) -> None:
    """Drop the figures that the charge's model does not use; a tiered price has at least one tier."""
    if charge.get("model") not in NEEDS:
        charge["model"] = "per_unit"
    model = cast("ChargeModel", charge["model"])
    used = {*NEEDS[model], *MAY.get(model, ()), "minimum", "cap"}
    for currency, price in charge["prices"].items():
        kept = {name: value for name, value in price.items() if name in used}
        if model in TIERED and not kept.get("tiers"):
            kept["tiers"] = [{}]
        charge["prices"][currency] = kept
    if model != "price_list":
        charge.pop("dimension", None)
        charge.pop("list_order", None)
    if charge.get("meter"):
        charge.pop("in_advance", None)
        charge.pop("once", None)


def _fit_pool(charge: Json) -> None:
    """A pool of which neither meter nor quantity is said is none."""
    pool = charge.get("included_per")
    if pool is not None and not pool.get("meter") and not pool.get("quantity"):
        charge.pop("included_per")
    elif pool is not None:
        pool.setdefault("quantity", "0")
        pool.setdefault("meter", "")


def _act(whole: Json, said: Mapping[str, str]) -> None:
    act, _colon, pointer = said.get("act", "").partition(":")
    way = _way(pointer)
    if act == "remove" and way[:1] == ["currencies"] and len(way) == 2:
        _drop_currency(whole, way[1])
    elif act == "remove" and way == ["policies"]:
        whole.pop("policies", None)
    elif act == "remove" and len(way) > 1:
        holder = _at(whole, way[:-1])
        if isinstance(holder, list) and way[-1].isdecimal() and int(way[-1]) < len(holder):
            holder.pop(int(way[-1]))
        elif isinstance(holder, dict):
            holder.pop(way[-1], None)
    elif act == "add":
        _add(whole, way, said.get(f"new:{pointer}", "").strip()[:200])


def _add(whole: Json, way: list[str], name: str) -> None:
    charges = whole.setdefault("charges", [])
    match way:
        case ["charges"]:
            currencies = list(charges[0]["prices"]) if charges else ["EUR"]
            prices: Json = {currency: {} for currency in currencies}
            charges.append(_named(charges, "charge", _("New charge")) | {"model": "per_unit", "prices": prices})
        case ["discounts" | "commitments" | "credits" as part]:
            _append(whole, part)
        case ["policies"]:
            whole.setdefault("policies", msgspec.to_builtins(DEFAULT_POLICIES, str_keys=True))
        case ["currencies"] if len(name) == 3 and name.isalpha():
            for charge in charges:
                charge["prices"].setdefault(name.upper(), {})
                _fit_model(charge)
        case ["features"] if name.replace("_", "").isalnum():
            whole.setdefault("features", {}).setdefault(name.lower(), {})
        case ["charges", _place, _part, *_more] if isinstance(charge := _at(whole, way[:2]), dict):
            _add_to_charge(charge, way[2:], name)
        case ["policies", *_way]:
            _add_rule(whole, way, name)
        case _:
            pass


def _add_to_charge(charge: Json, way: list[str], name: str) -> None:
    match way:
        case ["prices", _currency, "tiers"]:
            tiers = _at(charge, way)
            if isinstance(tiers, list):
                # Before the open one, which stays the last.
                tiers.insert(max(len(tiers) - 1, 0), {})
        case ["entries"] if name:
            for price in charge["prices"].values():
                price.setdefault("entries", {}).setdefault(name, "0")
        case _:
            pass


def _add_rule(whole: Json, way: list[str], name: str) -> None:
    match way:
        case ["policies", "members", "kind_weights"] if name and isinstance(weights := _at(whole, way), dict):
            weights.setdefault(name, "1")
        case ["policies", "courses", "refunds", kind, rules] if rules in NEW_RULES:
            refunds = _at(whole, way[:3])
            if isinstance(refunds, dict):
                refunds.setdefault(kind, {}).setdefault(rules, []).append(dict(NEW_RULES[rules]))
        case _:
            pass


def _append(whole: Json, part: str) -> None:
    stem, called = {
        "discounts": ("discount", _("New discount")),
        "commitments": ("minimum", _("New minimum")),
        "credits": ("credits", _("New credits")),
    }[part]
    parts = whole.setdefault(part, [])
    parts.append(_named(parts, stem, called) | ({} if part == "discounts" else {"amounts": {}}))


def _named(parts: list[Json], stem: str, called: str) -> Json:
    """Return the beginning of a new part: a key that is free, and a name."""
    taken = {part["key"] for part in parts}
    key = next(f"{stem}_{n}" for n in range(1, len(taken) + 2) if f"{stem}_{n}" not in taken)
    return {"key": key, "name": called}


def _drop_currency(whole: Json, currency: str) -> None:
    for part in (part for name in ("charges", "discounts", "commitments", "credits") for part in whole.get(name, ())):
        for amounts in (part.get("prices"), part.get("amounts")):
            if amounts:
                amounts.pop(currency, None)


def _at(whole: Json, way: list[str]) -> Any:
    at: Any = whole
    for part in way:
        at = _inside(at, part)
    return at
