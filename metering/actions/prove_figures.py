"""Prove a tenant's kept figures against the facts, and put right what differs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from core.periods import Period
from metering.archive.months import GONE
from metering.reads import WHOLE, Measuring, Reading, kept_periods
from metering.reads.archives import archives
from tenants.reads import TenantView, tenant_now

__all__ = ("Difference", "Proof", "prove_figures")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure, or its part under a value of a dimension, that would have been told; and what the facts say."""

    meter: str
    period: Period
    dimension: str
    value: str | None
    told: Fraction
    measured: Fraction


@dataclass(frozen=True, slots=True)
class Proof:
    """How many answers were measured anew, and those that differed. They are right now."""

    compared: int
    differences: tuple[Difference, ...]


def prove_figures(session: Session, tenant: TenantView) -> Proof:
    """Measure every kept figure and its kept parts anew from the facts, and keep what was found.

    A kept figure that has lost its proof already (something it depends on was recorded since) would
    not be told, and is no difference.

    Args:
        session: scoped to the tenant.
        tenant: whose figures.
    """
    now = tenant_now(session, tenant)
    compared: int = 0
    differences: list[Difference] = []
    for (meter, dimension), periods in _asked(session, tenant.id).items():
        told = _answers(Measuring(session, tenant, Reading(now=now)), (meter, dimension), periods, anew=False)
        measured = _answers(Measuring(session, tenant, Reading(now=now)), (meter, dimension), periods, anew=True)
        compared += len(periods)
        for period, before, after in zip(periods, told, measured, strict=True):
            differences += _differences((meter, period, dimension), before, after)
    return Proof(compared, tuple(differences))


def _asked(session: Session, tenant_id: UUID) -> dict[tuple[str, str], list[Period]]:
    """Return what is kept of periods whose facts are here; archived ones are proven by `verify_archive`."""
    away = [found for found in archives(session, tenant_id) if found.status in GONE]
    asked: dict[tuple[str, str], list[Period]] = {}
    for meter, period, dimensions in kept_periods(session, tenant_id):
        if any(period.clip(found.window.starts_at, found.month.ends_at) is not None for found in away):
            continue
        for dimension in dimensions:
            asked.setdefault((meter, dimension), []).append(period)
    return asked


Parts = Mapping[str | None, Fraction]


def _answers(measuring: Measuring, what: tuple[str, str], periods: Sequence[Period], *, anew: bool) -> Sequence[Parts]:
    meter, dimension = what
    if dimension == WHOLE:
        return [{None: figure} for figure in measuring.figures(meter, periods, anew=anew)]
    return measuring.parts(meter, dimension, periods, anew=anew)


def _differences(what: tuple[str, Period, str], told: Parts, measured: Parts) -> Iterator[Difference]:
    nothing = Fraction(0)
    for value in sorted({*told, *measured}, key=lambda value: (value is not None, value or "")):
        before, after = told.get(value, nothing), measured.get(value, nothing)
        if before != after:
            yield Difference(*what, value, before, after)
