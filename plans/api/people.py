"""POST /v1/people/{key}/merge and /unmerge: what it would do to the figures, and doing it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

from litestar import Controller, post
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from core.db import Database
from core.periods import Period, local_date
from core.scope import TenantScope
from metering.api.usage_answers import quantity_text
from metering.reads import Measuring, Reading, contract_meters
from plans.reads import unbilled_periods
from tenants.actions.merge_people import Merged, merge_people, unmerge_person
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("MergeAnswer", "MergeController", "merged_and_measured")

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
    """A figure of an open period before and after."""

    meter: str
    period_starts_on: date
    period_ends_on: date
    """The first day after the period."""
    before: str
    after: str


class MergeAnswer(Struct):
    """What was done, or would be (`preview`)."""

    preview: bool
    person_id: str
    """Whom the identities point to."""
    identities: int
    leaves: bool
    """Whether somebody is out by it: they are found to be somebody who has left, so that seats and leases end."""
    effects: list[Effect]
    """Of all meters and all periods that are not billed yet, by period; figures that stay are left out.

    Without a contract of this month and the one before. Billed periods get deltas.
    """


class MergeController(Controller):
    """Two people who are found to be one."""

    path = "/v1/people"
    tags = ("people",)

    @post("/{key:str}/merge", sync_to_thread=True, status_code=200)
    def merge(
        self, principal: Principal, session: Session, tenant: TenantView, database: Database, key: str, data: MergeBody
    ) -> MergeAnswer:
        """Record that one person is another; with `preview` only tell what it would change.

        Counted once in open periods from now on; periods that are billed get a line with the
        difference. No fact changes, and it can be taken back. `key` and `into` are ids, keys of senders, external
        ids or e-mail addresses.
        """
        require(principal, Permission.PEOPLE_WRITE)
        now = tenant_now(session, tenant)
        return merged_and_measured(
            (database, session),
            tenant,
            lambda there: merge_people(there, tenant.id, key, data.into, data.reason, principal.actor, now),
            preview=data.preview,
        )

    @post("/{key:str}/unmerge", sync_to_thread=True, status_code=200)
    def unmerge(
        self, principal: Principal, session: Session, tenant: TenantView, database: Database, key: str,
        data: UnmergeBody,
    ) -> MergeAnswer:  # fmt: skip
        """Take back that the person of this key is somebody else; with `preview` only tell what it would change."""
        require(principal, Permission.PEOPLE_WRITE)
        now = tenant_now(session, tenant)
        return merged_and_measured(
            (database, session),
            tenant,
            lambda there: unmerge_person(there, tenant.id, key, data.reason, principal.actor, now),
            preview=data.preview,
        )


def merged_and_measured(
    places: tuple[Database, Session], tenant: TenantView, act: Callable[[Session], Merged], *, preview: bool
) -> MergeAnswer:
    """Measure before and after in a transaction that shows what would be; then do it, unless it is a preview.

    Args:
        places: where it is measured, and in which transaction it is done.
        tenant: whose people.
        act: merges or tells apart, in the transaction that it is given.
        preview: only show it.
    """
    database, session = places
    now = tenant_now(session, tenant)  # one for both: a period that runs grows from one reading to the next
    with database.snapshot(TenantScope(tenant.id)) as there:  # and so do its facts
        with there.begin_nested() as trial:  # first, so that who is unknown is told before anything is measured
            merged = act(there)
            periods = unbilled_periods(there, tenant, now)
            after = _figures(there, tenant, periods, now)
            trial.rollback()
        before = _figures(there, tenant, periods, now)
    if not preview:
        merged = act(session)
    effects = [
        Effect(
            meter, local_date(period.starts_at, tenant.tz), local_date(period.ends_at, tenant.tz),
            quantity_text(before[meter, period]), quantity_text(figure),
        )
        for (meter, period), figure in after.items()
        if before[meter, period] != figure
    ]  # fmt: skip
    return MergeAnswer(preview, str(merged.person_id), len(merged.identities), merged.leaves, effects)


def _figures(
    session: Session, tenant: TenantView, periods: Sequence[Period], now: datetime
) -> dict[tuple[str, Period], Fraction]:  # fmt: skip
    """Return the figures of all meters, by period; of revenue none, which is the same whoever paid."""
    measuring = Measuring(session, tenant, Reading(now=now))
    specs = [spec for spec in contract_meters(session, tenant.id).values() if spec.family != "revenue"]
    for spec in specs:
        measuring.prepare(spec, periods, bare=True)
    return {(spec.name, period): measuring.figure(spec.name, period) for period in periods for spec in specs}
