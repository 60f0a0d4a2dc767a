"""What the API of meters answers."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from metering.custom.definition import MeterDefinition
from metering.custom.spec import custom_spec
from metering.reads.custom_meters import BackfillView, MeterVersionView
from metering.registry import MeterSpec

__all__ = ("BackfillAnswer", "MeterAnswer", "MeterPage", "MeterVersionsAnswer")


class MeterAnswer(Struct):
    """A meter."""

    key: str
    name: str
    """The exact name, by which contracts and rules ask for it: `lab.hours@2`; a built-in one's key."""
    origin: Literal["built_in", "vendor", "own"]
    unit: str
    family: str
    statistic: str
    description: str
    dimensions: list[str]
    """What `group_by` takes."""
    additive: bool
    """Whether the figures of parts of a period sum to the figure of the whole."""
    version: int | None = None
    definition: MeterDefinition | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    retired_at: datetime | None = None

    @classmethod
    def of(cls, spec: MeterSpec) -> "MeterAnswer":
        """Render a built-in meter."""
        return cls(
            key=spec.name,
            name=spec.name,
            origin="built_in",
            unit=spec.unit,
            family=spec.family,
            statistic=spec.statistic,
            description=spec.description,
            dimensions=list(spec.dimensions),
            additive=spec.additive,
        )

    @classmethod
    def of_version(cls, found: MeterVersionView) -> "MeterAnswer":
        """Render a version of a custom meter."""
        answer = cls.of(custom_spec(found.meter))
        answer.key, answer.origin = found.meter.key, "vendor" if found.vendor_wide else "own"
        answer.version, answer.definition = found.meter.version, found.meter.definition
        answer.created_at, answer.created_by, answer.retired_at = found.created_at, found.created_by, found.retired_at
        return answer


class MeterPage(Struct):
    """All meters: built-in ones first, then custom ones by key."""

    items: list[MeterAnswer]
    next_cursor: str | None = None


class MeterVersionsAnswer(Struct):
    """A meter and all its versions, ascending; a built-in one has none."""

    meter: MeterAnswer
    versions: list[MeterAnswer]


class BackfillAnswer(Struct):
    """How far a meter has looked at the facts that were there before it."""

    meter: str
    state: Literal["waiting", "running", "finished"]
    looked_at: int
    total: int
    """Facts of the meter's types when it began."""
    found: int
    """Of those looked at, the ones that the meter is about."""
    started_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None

    @classmethod
    def of(cls, meter: MeterVersionView, progress: BackfillView | None, waiting: int) -> "BackfillAnswer":
        """Render progress; `waiting` is how many facts a backfill that has not begun will look at."""
        if progress is None:
            return cls(meter.meter.name, "waiting", 0, waiting, 0)
        return cls(
            meter.meter.name,
            "running" if progress.finished_at is None else "finished",
            progress.looked_at,
            progress.total,
            progress.found,
            progress.started_at,
            progress.updated_at,
            progress.finished_at,
        )
