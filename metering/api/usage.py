"""Figures and who is behind them: GET /v1/usage, /v1/usage/evidence."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from litestar import Controller, Response, get
from litestar.di import Provide
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.periods import Period
from metering.api.delivery import Delivery, asked_delivery
from metering.api.usage_answers import (
    BY_CENTRE,
    EvidenceAnswer,
    UsageAnswer,
    evidence_answer,
    evidence_item,
)
from metering.api.usage_files import EVIDENCE_COLUMNS, USAGE_COLUMNS, evidence_parts, usage_parts
from metering.buckets import GRANULARITIES, Granularity
from metering.errors import CursorInvalid, GranularityInvalid
from metering.measurement import Entry, Exclusion, Measurement
from metering.ranges import range_of
from metering.reads import MAX_BUCKETS, SeriesQuery, measure, usage_series, with_event_ids
from tenants.principal import Principal, require
from tenants.reads import TenantView, all_cost_centres, people_matching, tenant_now
from tenants.roles import Permission

__all__ = ("UsageController", "route_handlers")

Starts = Annotated[
    str | None,
    Parameter(query="from", description="Date in the tenant's zone (2026-10-01) or RFC 3339 instant; included."),
]
Ends = Annotated[
    str | None,
    Parameter(query="to", description="Date in the tenant's zone (2026-11-01) or RFC 3339 instant; not included."),
]
GroupsAsked = Annotated[
    Literal["parts", "measured"] | None,
    Parameter(description="parts sum to the figure; measured: each group by itself. As suits the meter if left out."),
]
Meter = Annotated[str, Parameter(description="A name that GET /v1/meters lists.", max_length=100)]
Limit = Annotated[int, Parameter(ge=1, le=1_000, description="Rows a page.")]
BucketLimit = Annotated[int, Parameter(query="limit", ge=1, le=MAX_BUCKETS, description="Buckets a page.")]
Search = Annotated[
    str, Parameter(query="q", max_length=200, description="Part of a person's name, e-mail address or key.")
]
Cursor = Annotated[str, Parameter(max_length=20, description="`next_cursor` of the page before.")]


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list are wanted; `counted` None: those that were counted and those that were not."""

    first: int
    limit: int
    counted: bool | None
    search: str = ""
    """Only people whose name, e-mail address or key contains this."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a figure is cut and split, and which of the buckets are wanted."""

    granularity: Granularity
    group_by: str | None
    groups: Literal["parts", "measured"] | None
    first: int
    limit: int


def asked_period(tenant: TenantView, starts: Starts = None, ends: Ends = None) -> Period:
    """Read `from` and `to`."""
    return range_of(starts, ends, tenant.tz)


def asked_page(cursor: Cursor = "0", limit: Limit = 100, counted: bool | None = None, search: Search = "") -> Page:
    """Read `cursor`, `limit`, `counted` and `q`."""
    if not cursor.isdecimal():
        raise CursorInvalid
    return Page(int(cursor), limit, counted, search.strip())


def asked_shape(
    granularity: str = "period", group_by: str = "none", groups: GroupsAsked = None, cursor: Cursor = "0",
    limit: BucketLimit = MAX_BUCKETS,
) -> Shape:  # fmt: skip
    """Read `granularity`, `group_by`, `groups`, and which buckets are wanted: `cursor` and `limit`."""
    if not cursor.isdecimal():
        raise CursorInvalid
    return Shape(_granularity(granularity), None if group_by == "none" else group_by, groups, int(cursor), limit)


class UsageController(Controller):
    """Figures, and who was counted by which event."""

    path = "/v1/usage"
    tags = ("usage",)
    dependencies = {  # noqa: RUF012 - Litestar reads it from the class
        "period": Provide(asked_period, sync_to_thread=False),
        "page": Provide(asked_page, sync_to_thread=False),
        "shape": Provide(asked_shape, sync_to_thread=False),
        "delivery": Provide(asked_delivery, sync_to_thread=False),
    }

    @get("/", sync_to_thread=True)
    def usage(
        self, principal: Principal, session: Session, tenant: TenantView, period: Period,
        meter: Meter, shape: Shape, delivery: Delivery,
    ) -> Response[UsageAnswer]:  # fmt: skip
        """Return a meter's figures between two dates or instants, in buckets, whole or by group.

        Granularity is hour, day, month or period (all in one); `group_by` a dimension of the meter
        or none; `groups` asks for parts that sum to the figure, or for each group measured by
        itself, where the meter can. What has happened up to now is counted. At most 1,000 buckets come
        at once, all groups of each; `next_cursor` leads on. As CSV or Parquet (`format` or Accept) the
        same figures are the rows of one file, from the cursor on to the last.
        """
        require(principal, Permission.USAGE_READ)
        now = tenant_now(session, tenant)
        query = SeriesQuery(
            meter, period, shape.granularity, shape.group_by, now, shape.groups, shape.first, shape.limit
        )
        series = usage_series(session, tenant, query)
        if delivery.is_file:
            return delivery.file(f"usage-{meter}", USAGE_COLUMNS, usage_parts(delivery.database, tenant, series))
        by_centre = series.group_by == BY_CENTRE
        centres = {centre.code for centre in all_cost_centres(session, tenant.id)} if by_centre else None
        return Response(UsageAnswer.of(series, centres))

    @get("/evidence", sync_to_thread=True)
    def evidence(
        self, principal: Principal, session: Session, tenant: TenantView, period: Period, page: Page,
        meter: Meter, delivery: Delivery,
    ) -> Response[EvidenceAnswer]:  # fmt: skip
        """Return who was counted by which event, then who was not and why.

        `counted` true or false asks for one of the two only, `q` for people by name, e-mail address
        or key: that takes the right to see people. As CSV or Parquet (`format` or Accept)
        all rows come in one file.
        """
        require(principal, Permission.USAGE_READ)
        measurement = measure(session, tenant, meter, period, now=tenant_now(session, tenant))
        if page.search:
            require(principal, Permission.PEOPLE_READ)
            wanted = people_matching(session, tenant.id, page.search)
            measurement = replace(
                measurement,
                entries=tuple(entry for entry in measurement.entries if entry.person_id in wanted),
                exclusions=tuple(other for other in measurement.exclusions if other.person_id in wanted),
            )
        named = principal.may(Permission.PEOPLE_READ)
        if delivery.is_file:
            parts = evidence_parts(delivery.database, tenant.id, _all_rows(measurement, page.counted), named=named)
            return delivery.file(f"evidence-{meter}", EVIDENCE_COLUMNS, parts)
        rows, next_cursor = _rows(measurement, page)
        items = [evidence_item(row, tenant.id, named=named) for row in with_event_ids(session, tenant.id, rows)]
        return Response(evidence_answer(measurement, items, next_cursor))


def _granularity(name: str) -> Granularity:
    for known in GRANULARITIES:
        if name == known:
            return known
    raise GranularityInvalid(name, GRANULARITIES)


def _all_rows(measurement: Measurement, counted: bool | None) -> tuple[Entry | Exclusion, ...]:
    """Return the rows that are wanted, counted ones first."""
    entries = measurement.entries if counted is not False else ()
    exclusions = measurement.exclusions if counted is not True else ()
    return (*entries, *exclusions)


def _rows(measurement: Measurement, page: Page) -> tuple[tuple[Entry | Exclusion, ...], str | None]:
    """Return the rows of a page and the cursor of the next one."""
    rows = _all_rows(measurement, page.counted)
    until = page.first + page.limit
    return rows[page.first : until], str(until) if until < len(rows) else None


route_handlers = (UsageController,)
