"""POST /v1/people/{key}/merge and /unmerge: what it would do to the figures, and doing it."""

from collections.abc import Callable
from typing import Annotated

from litestar import Controller, post
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from core.periods import Period, add_months, local_date, month_period
from metering.api.usage_answers import quantity_text
from metering.reads import Measuring, Reading
from tenants.actions.merge_people import Merged, merge_people, unmerge_person
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("MergeAnswer", "merged_and_measured", "route_handlers")

SHOWN = (
    "members.active", "members.registered.average", "members.contributors", "seats.named.peak",
    "sessions.concurrent.peak", "courses.transactions.net",
)  # fmt: skip
"""The meters whose figures depend on who is whom."""
MONTHS = 2
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
Key = Annotated[str, Meta(min_length=1, max_length=512)]


class UnmergeBody(Struct, forbid_unknown_fields=True):
    """Why a merge is taken back."""

    reason: Reason
    preview: bool = False


class MergeBody(UnmergeBody, forbid_unknown_fields=True, kw_only=True):
    """Who survives, and why the two are one."""

    into: Key


class Effect(Struct):
    """A figure of a month before and after."""

    meter: str
    month: str
    before: str
    after: str


class MergeAnswer(Struct):
    """What was done, or would be (`preview`)."""

    preview: bool
    person_id: str
    """Whom the identities point to."""
    identities: int
    effects: list[Effect]
    """Of this month and the one before; figures that stay are left out. Closed periods get deltas."""


class MergeController(Controller):
    """Two people who are found to be one."""

    path = "/v1/people"
    tags = ("people",)

    @post("/{key:str}/merge", sync_to_thread=True, status_code=200)
    def merge(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: MergeBody
    ) -> MergeAnswer:
        """Record that one person is another; with `preview` only tell what it would change.

        Counted once in open periods from now on; periods that are billed get a line with the
        difference. No fact changes, and it can be taken back.
        """
        require(principal, Permission.PEOPLE_WRITE)
        now = tenant_now(session, tenant)
        return merged_and_measured(
            session,
            tenant,
            lambda: merge_people(session, tenant.id, key, data.into, data.reason, principal.actor, now),
            preview=data.preview,
        )

    @post("/{key:str}/unmerge", sync_to_thread=True, status_code=200)
    def unmerge(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: UnmergeBody
    ) -> MergeAnswer:
        """Take back that the person of this key is somebody else; with `preview` only tell what it would change."""
        require(principal, Permission.PEOPLE_WRITE)
        now = tenant_now(session, tenant)
        return merged_and_measured(
            session,
            tenant,
            lambda: unmerge_person(session, tenant.id, key, data.reason, principal.actor, now),
            preview=data.preview,
        )


def merged_and_measured(
    session: Session, tenant: TenantView, act: Callable[[], Merged], *, preview: bool
) -> MergeAnswer:
    """Do it and measure before and after; a preview is the same, undone."""
    before = _figures(session, tenant)
    with session.begin_nested() as point:
        merged = act()
        after = _figures(session, tenant)
        if preview:
            point.rollback()
    effects = [
        Effect(meter, month, before[meter, month], figure)
        for (meter, month), figure in after.items()
        if before[meter, month] != figure
    ]
    return MergeAnswer(preview, str(merged.person_id), len(merged.identities), effects)


def _figures(session: Session, tenant: TenantView) -> dict[tuple[str, str], str]:
    now = tenant_now(session, tenant)
    measuring = Measuring(session, tenant, Reading(now=now))
    this = local_date(now, tenant.tz).replace(day=1)
    months: dict[str, Period] = {}
    for back in range(MONTHS):
        first = add_months(this, -back)
        months[f"{first:%Y-%m}"] = month_period(first.year, first.month, tenant.tz)
    return {
        (meter, month): quantity_text(measuring.figure(meter, period))
        for meter in SHOWN
        for month, period in months.items()
    }


route_handlers = (MergeController,)
