"""What the usage API answers."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from core.money import quantize_quantity
from core.periods import Period
from metering.measurement import Entry, Exclusion, Measurement, pseudonym
from metering.reads import SeriesItem, UsageSeries

__all__ = ("BY_CENTRE", "EvidenceAnswer", "UsageAnswer", "quantity_text")

BY_CENTRE = "cost_centre"
"""The dimension of cost centres."""


def quantity_text(quantity: Fraction) -> str:
    """Return a quantity as a decimal string with at most 12 decimals."""
    return f"{quantize_quantity(quantity):f}"


class UsageItem(msgspec.Struct):
    """One bucket's figure, or a group's part of it."""

    starts_at: datetime
    ends_at: datetime
    group: dict[str, str | None] | None
    """The dimension and its value; the value null is *unassigned* or *without*."""
    quantity: str


class UsageAnswer(msgspec.Struct, rename={"from_": "from"}):
    """A meter's figures over a range."""

    meter: str
    unit: str
    from_: datetime
    to: datetime
    granularity: str
    items: list[UsageItem]
    total: str | None
    """Measured over the whole range: for most meters not the sum of the items. Null where amounts
    of several currencies can't be summed."""
    totals: list[UsageItem]
    """The whole range by group."""
    groups: Literal["parts", "measured"] | None = None
    """`parts` sum to the total; `measured` ones are each measured by itself and need not."""
    next_cursor: str | None = None
    """Where the items go on; null where these are the last. The whole is the whole on each page."""
    unknown_cost_centres: list[str] = []
    """Groups by codes that events name and no cost centre has: chargeback holds them back as unassigned."""

    @classmethod
    def of(cls, series: UsageSeries, centres: Collection[str] | None = None) -> "UsageAnswer":
        """Render a series; with the codes of all cost centres, those that are unknown are told."""
        query = series.query
        return cls(
            meter=series.spec.name,
            unit=series.spec.unit,
            from_=query.period.starts_at,
            to=query.period.ends_at,
            granularity=query.granularity,
            items=[_item(item, series.group_by) for item in series.items],
            total=None if series.total is None else quantity_text(series.total),
            totals=[_item(item, series.group_by) for item in series.totals],
            groups=series.groups,
            next_cursor=None if series.next_first is None else str(series.next_first),
            unknown_cost_centres=_unknown(series, centres),
        )


def _unknown(series: UsageSeries, centres: Collection[str] | None) -> list[str]:
    if centres is None:
        return []
    named = {item.value for item in (*series.totals, *series.items) if item.value is not None}
    return sorted(named.difference(centres))


def _item(item: SeriesItem, group_by: str | None) -> UsageItem:
    group = None if group_by is None else {group_by: item.value}
    return UsageItem(item.period.starts_at, item.period.ends_at, group, quantity_text(item.quantity))


class Share(msgspec.Struct):
    """A cost centre's part of an entry; code null is *unassigned*."""

    code: str | None
    share: str


class EvidenceItem(msgspec.Struct):
    """Somebody or something that was counted, or that was not, with the reason."""

    counted: bool
    person: str
    """A pseudonym, the same in all lists of this tenant."""
    person_id: UUID | None
    """Only for those who may see people."""
    quantity: str
    weight: str | None
    reason: str
    at: datetime | None
    source: str | None
    event_id: str | None
    keys: dict[str, str]
    cost_centres: list[Share]


class EvidenceCounts(msgspec.Struct):
    """How much there is on all pages."""

    counted: int
    people: int
    excluded: dict[str, int]
    """Number by reason."""


class EvidenceAnswer(msgspec.Struct, rename={"from_": "from"}):
    """Who was counted by which event, and who was not and why; counted ones first."""

    meter: str
    unit: str
    from_: datetime
    to: datetime
    quantity: str
    counts: EvidenceCounts
    items: list[EvidenceItem]
    next_cursor: str | None


def evidence_counts(measurement: Measurement) -> EvidenceCounts:
    """Count what was counted and what was not."""
    return EvidenceCounts(
        counted=len(measurement.entries),
        people=len({entry.person_id for entry in measurement.entries}),
        excluded=dict(sorted(Counter(exclusion.reason for exclusion in measurement.exclusions).items())),
    )


def evidence_item(row: Entry | Exclusion, tenant_id: UUID, *, named: bool) -> EvidenceItem:
    """Render one entry or exclusion; `named` adds the person's id."""
    counted = isinstance(row, Entry)
    return EvidenceItem(
        counted=counted,
        person=pseudonym(tenant_id, row.person_id),
        person_id=row.person_id if named else None,
        quantity=quantity_text(row.quantity) if isinstance(row, Entry) else "0",
        weight=quantity_text(row.weight) if isinstance(row, Entry) else None,
        reason=row.reason,
        at=row.at,
        source=row.source,
        event_id=row.event_id,
        keys=dict(row.keys) if isinstance(row, Entry) else {},
        cost_centres=_shares(row) if isinstance(row, Entry) else [],
    )


def _shares(entry: Entry) -> list[Share]:
    return [Share(code, quantity_text(share)) for code, share in entry.cost_centres]


def evidence_answer(measurement: Measurement, items: list[EvidenceItem], next_cursor: str | None) -> EvidenceAnswer:
    """Render a page of evidence."""
    period: Period = measurement.period
    return EvidenceAnswer(
        meter=measurement.meter,
        unit=measurement.unit,
        from_=period.starts_at,
        to=period.ends_at,
        quantity=quantity_text(measurement.quantity),
        counts=evidence_counts(measurement),
        items=items,
        next_cursor=next_cursor,
    )
