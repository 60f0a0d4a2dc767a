"""Who joins and who leaves a group, read from a request without looking at who is in it (pure)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from scim2_models import PatchOp, PatchOperation

from tenants.directory.errors import MemberUnknown

__all__ = ("Membership", "membership_change", "wants_members")

_MEMBERS = ("members", "urn:ietf:params:scim:schemas:core:2.0:group:members")
_ONE = re.compile(r'members\[value eq "([^"\\]+)"\]', re.IGNORECASE)
_NAMES = {"value", "display", "$ref", "type"}


@dataclass(slots=True)
class Membership:
    """Users who join, each with the name that it has in the group if one is given, and users who leave."""

    joining: dict[UUID, str | None] = field(default_factory=dict)
    leaving: set[UUID] = field(default_factory=set)


def membership_change(patch: "PatchOp[Any]") -> Membership | None:
    """Return what a PATCH of a group comes to if it adds and removes members by their ids, and does nothing else.

    None means that the whole group is needed to tell.

    Raises:
        MemberUnknown: who joins is named by no id (`member_unknown`).
    """
    change = Membership()
    for operation in patch.operations or ():
        named = _named(operation)
        if named is None:
            return None
        for value, display in named:
            user = _uuid(value)
            if operation.op == PatchOperation.Op.add:
                if user is None:
                    raise MemberUnknown(value)
                change.leaving.discard(user)
                change.joining[user] = display
            elif user is not None:
                change.joining.pop(user, None)
                change.leaving.add(user)
    return change


def wants_members(attributes: Iterable[object] | None, excluded: Iterable[object] | None) -> bool:
    """Tell whether an answer about groups names their members (RFC 7644, 3.9).

    >>> wants_members(["displayName"], None), wants_members(None, ["Members"]), wants_members([], [])
    (False, False, True)
    """
    asked = [str(one).strip().lower() for one in attributes or ()]
    if any(asked):
        return any("members" in one for one in asked)
    return not any(str(one).strip().lower() in _MEMBERS for one in excluded or ())


def _named(operation: PatchOperation[Any]) -> list[tuple[str, str | None]] | None:
    path = str(operation.path or "")
    if operation.op == PatchOperation.Op.remove and operation.value is None:
        one = _ONE.fullmatch(path)
        return [(one[1], None)] if one else None
    if path.lower() not in _MEMBERS or operation.op == PatchOperation.Op.replace_:
        return None
    given = operation.value if isinstance(operation.value, list) else [operation.value]
    read = list(_entries(given))
    return read if len(read) == len(given) else None


def _entries(given: Iterable[Any]) -> Iterator[tuple[str, str | None]]:
    for one in given:
        if isinstance(one, Mapping) and isinstance(one.get("value"), str) and one.keys() <= _NAMES:
            display = one.get("display")
            if display is None or isinstance(display, str):
                yield one["value"], display


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
