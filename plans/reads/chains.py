"""The chain of versions that a contract agrees on for its base plan: trial, start, phases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core.ids import new_id
from core.periods import day_start
from plans.documents import PlanDocument
from plans.errors import TermsDontFit
from plans.reads.offers import Wish, offered
from plans.subscriptions import Holding

__all__ = ("Phase", "base_chain")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a contract from a local day on; what is left out stays as in the one before it."""

    starts_on: date
    plan_key: str | None = None
    version: int | None = None
    """Of `plan_key`; None: the newest."""
    quantity: int | None = None
    terms: PlanDocument | None = None
    """Negotiated terms in place of the version's."""


def base_chain(
    session: Session, phases: Sequence[Phase], trial_days: int, ends_at: datetime | None, tz: ZoneInfo
) -> list[Holding]:
    """Return the versions of the base plan that a contract will hold, each until the next one begins.

    Args:
        session: for the catalogue.
        phases: the first with a plan and the contract's first day, the others after it.
        trial_days: so many local days from the first on nothing is billed.
        ends_at: the contract's end.
        tz: the tenant's zone.

    Raises:
        NotFound, VersionRetired, AddonNotOffered: a plan cannot be had.
        TermsDontFit: a phase does not begin after the one before it, inside the contract, or in the
            trial (`terms_dont_fit`).
    """
    chain: list[Holding] = []
    for phase in phases:
        starts_at = day_start(phase.starts_on, tz)
        if chain and starts_at <= chain[-1].starts_at:
            raise TermsDontFit(f"The phase of {phase.starts_on} does not begin after the one before it.")
        if ends_at is not None and starts_at >= ends_at:
            raise TermsDontFit(f"The phase of {phase.starts_on} begins after the end of the contract.")
        chain.append(_holding(session, phase, chain[-1] if chain else None, starts_at))
    chain = [*(replace(held, ends_at=after.starts_at) for held, after in pairwise(chain)), chain[-1]]
    return chain if trial_days == 0 else _with_trial(chain, phases[0].starts_on + timedelta(days=trial_days), tz)


def _holding(session: Session, phase: Phase, before: Holding | None, starts_at: datetime) -> Holding:
    if phase.plan_key is not None:
        held = offered(session, Wish("base", phase.plan_key, phase.version), starts_at)
    else:
        assert before is not None, "the first phase names a plan"
        held = replace(before, starts_at=starts_at)
    if phase.terms is not None:
        held = replace(held, document=phase.terms, terms_id=new_id())
    quantity = phase.quantity if phase.quantity is not None else before.quantity if before else 1
    return replace(held, quantity=quantity)


def _with_trial(chain: list[Holding], paid_from: date, tz: ZoneInfo) -> list[Holding]:
    """Cut the trial off the first version."""
    first, at = chain[0], day_start(paid_from, tz)
    if first.ends_at is not None and first.ends_at <= at:
        raise TermsDontFit("The second phase begins in the trial. Let it begin after it.")
    return [replace(first, mode="trial", ends_at=at), replace(first, starts_at=at), *chain[1:]]
