"""Move the customers of one version to another, of any plan, or preview that: a job, one contract a transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import utc_now
from core.db import Database
from core.errors import InvalidInput, Refused
from core.ids import new_id
from core.periods import Period
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.subscribe import AddonInput
from plans.changes import Decision, When, running_span
from plans.errors import AddonNotOffered, MovesNobody
from plans.rating import RatedCharge
from plans.rating.estimate import estimate_change, estimate_periods
from plans.reads.catalogue import get_plan, get_version
from plans.reads.figures import measured_sources
from plans.reads.moves import MoveView, get_move, move_runs, waiting_items
from plans.reads.periods import periods
from plans.reads.subscriptions import get_subscription, subscriptions_holding
from plans.states import State
from plans.store import add_move, end_move, lock_subscription, set_move_item
from plans.subscriptions import BASE, Holding, SubscriptionView
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant, tenant_now

__all__ = ("MoveInput", "cancel_move", "run_move", "start_move")

RUNNING = (State.ACTIVE, State.ENDING)


@dataclass(frozen=True, slots=True)
class MoveInput:
    """A move; preview and execution take the very same."""

    plan_key: str
    from_number: int
    to_number: int
    actor: str
    when: When = "at_period_end"
    preview: bool = False
    to_plan_key: str = ""
    """Empty: the same plan."""

    @property
    def target(self) -> str:
        """The plan that they are moved to."""
        return self.to_plan_key or self.plan_key


def start_move(session: Session, given: MoveInput, now: datetime) -> MoveView:
    """Note whom a move concerns; the worker carries it out (`run_move`).

    Args:
        session: steward's.
        given: from which version to which.
        now: when.

    Raises:
        NotFound, VersionRetired: one of the versions cannot be had.
        AddonNotOffered: a plan is to become an add-on, or the other way (`addon_not_offered`).
        MovesNobody: no running contract holds the version, or both are one (`moves_nobody`).
    """
    held = get_version(session, given.plan_key, given.from_number)
    get_version(session, given.target, given.to_number, on_sale=True)
    kind = get_plan(session, given.plan_key).kind
    if get_plan(session, given.target).kind != kind:
        raise AddonNotOffered(given.target, "a plan" if kind == "base" else "an add-on")
    holders = subscriptions_holding(session, held.id)
    concerned = [view for view in holders if view.status in RUNNING and _holds(view, given)]
    if not concerned or (given.plan_key, given.from_number) == (given.target, given.to_number):
        raise MovesNobody(given.plan_key, given.from_number)
    move_id = new_id()
    add_move(
        session,
        {
            "id": move_id,
            "plan_key": given.plan_key,
            "from_number": given.from_number,
            "to_plan_key": given.to_plan_key or None,
            "to_number": given.to_number,
            "timing": given.when,
            "preview": given.preview,
            "status": "running",
            "created_at": now,
            "created_by": given.actor,
        },
        [
            {
                "customer_id": view.tenant_id,
                "subscription_id": view.id,
                "status": "waiting",
                "code": "",
                "detail": "",
                "currency": view.currency,
            }
            for view in concerned
        ],
    )
    if not given.preview:
        to = {"to": given.to_number, "to_plan": given.target}
        detail = {"from": given.from_number, **to, "contracts": len(concerned)}
        record_audit(session, VENDOR_ID, given.actor, "move_customers", ("plan", given.plan_key), detail)
    return get_move(session, move_id)


def cancel_move(session: Session, move_id: UUID, now: datetime) -> MoveView:
    """Stop a move; who was moved stays moved.

    Args:
        session: steward's.
        move_id: which.
        now: when.

    Raises:
        NotFound: there is no such move (`not_found`).
    """
    get_move(session, move_id)
    end_move(session, move_id, "cancelled", now)
    return get_move(session, move_id)


def run_move(database: Database, move_id: UUID, go_on: Callable[[], bool] = lambda: True) -> None:
    """Carry a move out, contract by contract; safe to repeat, to run twice at once and to kill.

    Args:
        database: each contract is a transaction of its own.
        move_id: which.
        go_on: asked before each contract; the next turn continues where this one stopped.
    """
    with database.begin(StewardScope()) as session:
        move = get_move(session, move_id)
        waiting = waiting_items(session, move_id)
    for customer_id, subscription_id in waiting:
        if not go_on():
            return
        with database.begin(StewardScope()) as session:
            if not move_runs(session, move_id):
                return
        values = _one(database, move, customer_id, subscription_id)
        with database.begin(StewardScope()) as session:
            set_move_item(session, move_id, subscription_id, **values)
    with database.begin(StewardScope()) as session:
        end_move(session, move_id, "done", utc_now())


def _one(database: Database, move: MoveView, customer_id: UUID, subscription_id: UUID) -> dict[str, object]:
    """Move one contract, or say what that would be; a refusal concerns this one alone."""
    try:
        with database.begin(TenantScope(customer_id)) as session:
            tenant = get_tenant(session, customer_id)
            now = tenant_now(session, tenant)
            # Whoever works on the same contract at this moment is waited for: what they moved is then seen as moved.
            lock_subscription(session, customer_id, subscription_id)
            before = get_subscription(session, customer_id, subscription_id, now)
            moved = _moved(before, move)
            if moved is not None:
                # A turn that was killed after it had moved this one.
                return {"status": "moved", "effective_at": moved.starts_at}
            decision = change_subscription(session, _change(before, move), now)
            return _told(session, tenant, move, before, decision) | {"status": "moves" if move.preview else "moved"}
    except Refused as refusal:
        told = refusal.errors[0].detail if isinstance(refusal, InvalidInput) else refusal.detail
        return {"status": "refused", "code": refusal.code, "detail": told}


def _change(before: SubscriptionView, move: MoveView) -> ChangeInput:
    given = ChangeInput(before.tenant_id, before.id, move.created_by, when=move.when, preview=move.preview)
    if before.plan_key == move.plan_key:
        return replace(given, plan_key=move.to_plan_key, version=move.to_number)
    addons = tuple(
        AddonInput(move.to_plan_key, held.quantity, move.to_number)
        if held.slot == move.plan_key
        else AddonInput(held.slot, held.quantity)
        for held in before.addon_holdings
    )
    return replace(given, addons=addons)


def _told(
    session: Session, tenant: TenantView, move: MoveView, before: SubscriptionView, decision: Decision
) -> dict[str, object]:
    """Return what the running period (with its end: the next one) bills as it stands, and after the move."""
    now = before.as_of
    sources = measured_sources(session, tenant, now=now)
    known = [view.span for view in periods(session, before.tenant_id, before.id)]
    running = running_span(before, known, now)
    ends = decision.effective_at == running.period.ends_at
    stays = estimate_periods(before, [running], sources)
    becomes = estimate_change(before, decision, sources)
    if ends:
        # Nothing changes in the running period: the same use is priced by the version to come.
        then = _as_if_held(before, decision, move, now)
        same_time = [running]
        if then.interval_months != before.interval_months:
            then = replace(then, holdings=tuple(held for one in then.holdings for held in _only(one, running.period)))
            same_time = [*then.spans_until(running.period.ends_at, since=running.period.starts_at)]
        becomes = estimate_periods(then, same_time, sources)
    return {"effective_at": decision.effective_at, "before_minor": _sum(stays), "after_minor": _sum(becomes)}


def _as_if_held(before: SubscriptionView, decision: Decision, move: MoveView, now: datetime) -> SubscriptionView:
    """Return the contract as if what it is moved to were held since what it is moved from is."""
    goes = BASE if before.plan_key == move.plan_key else move.plan_key
    held = {one.slot: one for one in before.holdings if one.holds_at(now)}
    comes = [
        replace(one, starts_at=held.get(one.slot, held[goes]).starts_at, ends_at=held.get(one.slot, held[goes]).ends_at)
        for one in decision.opens
    ]
    gone = {goes, *(one.slot for one in comes)}
    stays = (one for one in before.holdings if one.slot not in gone or held.get(one.slot) != one)
    return replace(before, holdings=(*stays, *comes))


def _only(one: Holding, period: Period) -> list[Holding]:
    """Return the plan of a period as held in it alone, and at rest around it: of a year a month's part is billed."""
    if one.slot != BASE or not one.holds_at(period.starts_at):
        return [one]
    rest = replace(one, mode="paused")
    found = (
        replace(rest, ends_at=period.starts_at),
        replace(one, starts_at=period.starts_at, ends_at=period.ends_at),
        replace(rest, starts_at=period.ends_at),
    )
    return [held for held in found if held.ends_at is None or held.starts_at < held.ends_at]


def _sum(lines: list[RatedCharge]) -> int:
    return sum(line.rated.amount.amount_minor for line in lines)


def _holds(view: SubscriptionView, given: MoveInput) -> bool:
    held = (view.base, *view.addon_holdings)
    return any((one.plan_key, one.version_number) == (given.plan_key, given.from_number) for one in held)


def _moved(view: SubscriptionView, move: MoveView) -> Holding | None:
    """Return what the contract was moved to; None while it holds what it is moved from, perhaps beside it."""
    goes, comes = (move.plan_key, move.from_number), (move.to_plan_key, move.to_number)
    held = {(one.plan_key, one.version_number): one for one in view.holdings if _open(one)}
    return None if goes in held else held.get(comes)


def _open(held: Holding) -> bool:
    return held.ends_at is None
