"""Make a tenant's rollups anew from the facts, prove that they are what stood there, and put right what differs."""

from dataclasses import dataclass
from datetime import datetime

from core.db import Database
from core.periods import Period
from core.scope import TenantScope
from metering.actions.prove_figures import Proof, prove_figures
from metering.actions.rebuild_values import WrongValues, rebuild_values
from metering.reads.days import Folds
from metering.store import hold_ingestion
from metering.store.rollups import day_digest, mend_hours
from tenants.reads import TenantView, tenant_now

__all__ = ("Rebuilt", "WrongHour", "rebuild_usage")


@dataclass(frozen=True, slots=True)
class WrongHour:
    """An hour (UTC) of a type, how many facts it told, and how many there are."""

    type: str
    hour: datetime
    told: int
    facts: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was wrong with hours, custom meters' values, folded days (of so many), kept figures. All is right now."""

    hours: tuple[WrongHour, ...]
    values: tuple[WrongValues, ...]
    days: int
    wrong_days: tuple[tuple[str, Period], ...]
    figures: Proof


def rebuild_usage(db: Database, tenant: TenantView) -> Rebuilt:
    """Count hours, take custom meters' values, fold days and measure kept figures anew, and tell each difference.

    Facts wait while the hours are counted. Each folded day is a transaction: killed at any instant,
    it is simply begun again. Days that lost their proof already are folded when they are read.

    Args:
        db: the database.
        tenant: whose rollups.
    """
    with db.begin(TenantScope(tenant.id)) as session:
        hold_ingestion(session, tenant.id)
        hours = tuple(WrongHour(*wrong) for wrong in mend_hours(session, tenant.id))
    values = rebuild_values(db, tenant.id)
    with db.begin(TenantScope(tenant.id)) as session:
        days = Folds(session, tenant, tenant_now(session, tenant)).holding()
    wrong = tuple((event_type, day) for event_type, day in days if _differs(db, tenant, event_type, day))
    with db.begin(TenantScope(tenant.id)) as session:
        figures = prove_figures(session, tenant)
    return Rebuilt(hours, values, len(days), wrong, figures)


def _differs(db: Database, tenant: TenantView, event_type: str, day: Period) -> bool:
    """Fold a day anew; return whether it differs though no fact or correction came."""
    with db.begin(TenantScope(tenant.id)) as session:
        folds = Folds(session, tenant, tenant_now(session, tenant))
        if (event_type, day) not in folds.holding((event_type, day)):
            return False
        before = day_digest(session, tenant.id, event_type, day.starts_at)
        return folds.refold(event_type, day) and before != day_digest(session, tenant.id, event_type, day.starts_at)
