"""How many facts of each type every hour holds, counted in the transaction that stores them.

A connection adds to rows of its own (`slot`), so that flights of one tenant never wait for each
other here; readers add the slots up. Counts only ever grow: whoever made something of a span's facts
and finds the same count again knows that no fact has come since (`metering.reads.stamps`).
"""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from metering.ingest.packing import PackedRow

__all__ = ("SLOTS", "hours_and_commit")

SLOTS = 32
"""Connections that share one wait for each other; with so many that is rare, and harmless. `facts_put` has the same."""
_HOUR_US = 3_600_000_000
# In the order of the key, so that two flights of one slot never wait for each other in a ring.
_ADD = (
    "insert into usage_hour (tenant_id, type_id, hour, slot, facts)"
    " select '{tenant}', t.type_id, timestamptz '2000-01-01 00:00+00' + t.hour * interval '1 hour',"
    " pg_backend_pid() % {slots}, t.facts"
    " from unnest('{{{types}}}'::int[], '{{{hours}}}'::int[], '{{{facts}}}'::int[]) as t (type_id, hour, facts)"
    " on conflict (tenant_id, type_id, hour, slot) do update set facts = usage_hour.facts + excluded.facts; commit"
)


def hours_and_commit(tenant_id: UUID, rows: Sequence[PackedRow]) -> str:
    """Return the statements that count a flight's fresh rows and end its transaction, in one round trip.

    Nothing but integers and a UUID goes into the text.
    """
    counted = Counter([(type_id, at // _HOUR_US) for type_id, at in [row.place for row in rows]])
    if not counted:
        return "commit"
    cells = sorted(counted)
    types, hours = zip(*cells, strict=True)
    columns = {"types": types, "hours": hours, "facts": map(counted.__getitem__, cells)}
    return _ADD.format(
        tenant=tenant_id, slots=SLOTS, **{name: ",".join(map(str, column)) for name, column in columns.items()}
    )
