"""Prove a tenant's kept figures against the facts, and put right what differs."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from sqlalchemy.orm import Session

from core.periods import Period
from metering.reads import Measuring, Reading, kept_periods
from tenants.reads import TenantView, tenant_now

__all__ = ("Difference", "Proof", "prove_figures")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that would have been told, and what the facts say."""

    meter: str
    period: Period
    told: Fraction
    measured: Fraction


@dataclass(frozen=True, slots=True)
class Proof:
    """How many figures were measured anew, and those that differed. They are right now."""

    compared: int
    differences: tuple[Difference, ...]


def prove_figures(session: Session, tenant: TenantView) -> Proof:
    """Measure every kept figure anew from the facts, and keep what was found.

    A kept figure that has lost its proof already (something it depends on was recorded since) would
    not be told, and is no difference.

    Args:
        session: scoped to the tenant.
        tenant: whose figures.
    """
    now = tenant_now(session, tenant)
    telling, proving = Measuring(session, tenant, Reading(now=now)), Measuring(session, tenant, Reading(now=now))
    compared, differences = 0, []
    for meter, rows in groupby(kept_periods(session, tenant.id), key=lambda row: row[0]):
        periods = [period for _, period, _ in rows]
        told = telling.figures(meter, periods)
        measured = proving.figures(meter, periods, anew=True)
        compared += len(periods)
        differences += [
            Difference(meter, period, before, after)
            for period, before, after in zip(periods, told, measured, strict=True)
            if before != after
        ]
    return Proof(compared, tuple(differences))
