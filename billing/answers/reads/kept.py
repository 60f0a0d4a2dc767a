"""Figures that were measured lately, for whoever asks again in a moment: a form that is filled in.

Kept in the process alone and for some tenants; what is taken from here is what would be measured, since all that
was recorded after it is asked for first.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from billing.actions.rate_subscription import SETTLING
from core.periods import Period
from metering.measurement import Measurement
from metering.reads import first_change_since

__all__ = ("Place", "keep", "kept_figures")

TENANTS: Final = 8
FIGURES: Final = 2_000
ENTRIES: Final = 2_000
"""A figure with more entries is told person by person: it is not kept."""

Place: TypeAlias = tuple[str, str, Period, tuple[str, ...]]
"""Name of the counting policy, meter, period, and the keys that entries are told apart by."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Figures of one tenant as they were known at an instant."""

    known_at: datetime
    figures: Mapping[Place, Measurement]


_KEPT: OrderedDict[UUID, _Kept] = OrderedDict()
_LOCK = Lock()


def kept_figures(session: Session, tenant_id: UUID) -> dict[Place, Measurement]:
    """Return the figures of a tenant that are as they were: nothing that was recorded since is about them."""
    with _LOCK:
        kept = _KEPT.get(tenant_id)
    if kept is None:
        return {}
    changed = first_change_since(session, tenant_id, kept.known_at - SETTLING)
    return {place: figure for place, figure in kept.figures.items() if changed is None or place[2].ends_at <= changed}


def keep(tenant_id: UUID, figures: Mapping[Place, Measurement], known_at: datetime) -> None:
    """Keep a tenant's figures in the place of those before.

    Args:
        tenant_id: whose.
        figures: all that were used, those that were kept before too: they were looked at anew.
        known_at: from before the first was read.
    """
    small = [(place, figure) for place, figure in figures.items() if len(figure.entries) <= ENTRIES]
    with _LOCK:
        _KEPT[tenant_id] = _Kept(known_at, dict(small[-FIGURES:]))
        _KEPT.move_to_end(tenant_id)
        while len(_KEPT) > TENANTS:
            _KEPT.popitem(last=False)
