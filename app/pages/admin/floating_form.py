"""A floating pool's rules as a form, and what somebody wrote in it as rules (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from app.i18n import gettext as _
from app.pages.admin.floating import mode_name
from app.pages.said import Field, Said
from core.errors import InputError
from metering.leases import CountBy
from plans.licensing.floating import Mode, PoolRules, Share
from plans.licensing.reads import PoolView

__all__ = ("PoolForm", "pool_form", "read_changes", "read_pool", "said_of_pool")

SEATS_MAX, PERCENT_MAX, DAY_S, BORROW_MAX_S = 10_000_000, 1_000, 86_400, 604_800
_WHOLE: Final[Mapping[str, tuple[int, int, int]]] = {
    "overdraft": (0, SEATS_MAX, 0), "overdraft_percent": (0, PERCENT_MAX, 0), "lease_s": (1, DAY_S, 900),
    "linger_s": (0, DAY_S, 0), "borrow_max_s": (0, BORROW_MAX_S, 0), "borrow_keep": (0, SEATS_MAX, 0),
}  # fmt: skip
"""By field: the least, the most, and what an empty one means."""
_SPARE_GROUPS = 2
_KEY_SHAPE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@dataclass(frozen=True, slots=True)
class PoolForm:
    """The fields, those that most pools leave as they are, and a row for each group and two more."""

    fields: tuple[Field, ...]
    more: tuple[Field, ...]
    groups: tuple[tuple[Field, ...], ...]


def said_of_pool(view: PoolView) -> dict[str, str]:
    """Return the form of a pool as it is."""
    rules = view.rules
    said = {"name": view.name, "seats": str(rules.seats), "mode": rules.mode}
    said |= {name: str(getattr(rules, name)) for name in _WHOLE if getattr(rules, name)}
    for place, (group, share) in enumerate(sorted(rules.shares.items())):
        most = "" if share.most is None else str(share.most)
        said |= {f"group_{place}": group, f"least_{place}": str(share.least), f"most_{place}": most}
    return said


def pool_form(
    said: Mapping[str, str], faults: Iterable[InputError] = (), *, is_new: bool, default: CountBy = "person"
) -> PoolForm:
    """Return the form, each fault beside its field.

    Args:
        said: by name of the field.
        faults: with the fields' names as pointers.
        is_new: key and what counts once are asked for a new pool only: they never change.
        default: what counts once by the contract.
    """
    told = list(faults)

    def field(name: str, label: str, kind: str = "text", choices: Mapping[str, str] | None = None) -> Field:
        own = tuple(fault.detail for fault in told if fault.pointer.strip("/") == name)
        return Field(name, label, said.get(name, ""), tuple((choices or {}).items()), kind, own)

    modes = {mode: mode_name(mode) for mode in get_args(Mode)}
    counts = {"person": _("a person"), "person_device": _("a person at a device"), "session": _("a session")}
    by_contract = _("as the contract says: %(what)s") % {"what": counts[default]}
    first = [field("name", _("Name"))]
    if is_new:
        first.insert(0, field("key", _("Key, as your systems name it")))
    first += [field("seats", _("Limit: so many at once"), "figure"), field("mode", _("When it is full"), choices=modes)]
    if is_new:
        first.append(field("count_by", _("What counts once"), choices={"": by_contract, **counts}))
    more = (
        field("overdraft", _("Above the limit: so many seats"), "figure"),
        field("overdraft_percent", _("or so many per cent of it"), "figure"),
        field("lease_s", _("Seconds without a sign until a seat is free (900)"), "figure"),
        field("linger_s", _("Seconds that a seat lingers after its release"), "figure"),
        field("borrow_max_s", _("Longest offline grant, seconds (none)"), "figure"),
        field("borrow_keep", _("Seats that offline grants leave"), "figure"),
    )
    rows = _rows(said)
    groups = tuple(
        (
            field(f"group_{place}", _("Group")),
            field(f"least_{place}", _("Seats kept for it"), "figure"),
            field(f"most_{place}", _("At most (no limit)"), "figure"),
        )
        for place in range(rows + _SPARE_GROUPS)
    )
    return PoolForm(tuple(first), more, groups)


def read_pool(form: Mapping[str, str], default: CountBy) -> tuple[str, PoolRules]:
    """Read a new pool's name and rules.

    Raises:
        InvalidInput: every fault with the name of its field.
    """
    said = Said(form)
    key = said.text("key", 100)
    if not key or not set(key) <= _KEY_SHAPE or key[0] in "._-":
        said.fault("key", "key_invalid", _("Write letters, digits, dots, dashes; the first a letter or a digit."))
    wished = said.text("count_by")
    count_by = cast("CountBy", wished) if wished in get_args(CountBy) else default
    read = _read(said)
    said.check()
    name = read.pop("name")
    return name, PoolRules(key=key, count_by=count_by, **read)


def read_changes(form: Mapping[str, str]) -> dict[str, Any]:
    """Read the changed rules of a pool that there is.

    Raises:
        InvalidInput: every fault with the name of its field.
    """
    said = Said(form)
    read = _read(said)
    said.check()
    return read


def _read(said: Said) -> dict[str, Any]:
    mode = said.text("mode")
    if mode not in get_args(Mode):
        said.fault("mode", "mode_unknown", _("Choose what the pool does when it is full."))
    found: dict[str, Any] = {"name": said.text("name", 200), "seats": said.whole("seats", 0, SEATS_MAX), "mode": mode}
    for name, (least, most, otherwise) in _WHOLE.items():
        found[name] = said.whole(name, least, most, otherwise)
    if mode != "overdraft":
        # What was written for another mode is not meant any more.
        found |= {"overdraft": 0, "overdraft_percent": 0}
    return found | {"shares": _shares(said)}


def _shares(said: Said) -> dict[str, Share]:
    shares: dict[str, Share] = {}
    for place in range(_rows(said.fields) + _SPARE_GROUPS):
        group = said.text(f"group_{place}", 100)
        if not group:
            continue
        if group in shares:
            said.fault(f"group_{place}", "group_twice", _("This group has a row already."))
        most = said.whole(f"most_{place}", 0, SEATS_MAX, -1)
        shares[group] = Share(said.whole(f"least_{place}", 0, SEATS_MAX, 0), None if most < 0 else most)
    return shares


def _rows(said: Mapping[str, str]) -> int:
    """Return how many rows of groups are written in."""
    places = [name.removeprefix("group_") for name, text in said.items() if name.startswith("group_") and text.strip()]
    return max((int(place) + 1 for place in places if place.isdecimal() and len(place) < 4), default=0)
