"""Find what is due and bill it, each (subscription, charge, period) once, whatever happens meanwhile.

Found is without locks, as steward. Billed is payer by payer: a short look under the payer's lock,
then one transaction a document, in order of time. A run that is killed leaves whole documents or
nothing. Of two runs at once the later looker steps aside; where both hold a list, who finds a document
made leaves the rest to the one who made it. The next run looks again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from billing.actions.bill_group import Group, GroupKey, bill_group
from billing.actions.expire_credits import expire_credits, lapses_at
from billing.due import DueItem, Question, due_items, month_of
from billing.errors import PeriodAlreadyBilled, PeriodInvalid, PeriodNotEnded, RunNeedsReason
from billing.history import LOOK_BACK
from billing.models import InvoiceRun
from billing.reads import billed_by_subscription, expiring_grants, looked_at, withdrawn_periods
from billing.store import add, lock_account, set_run
from core.acting import act_for
from core.clock import utc_now
from core.db import Database
from core.errors import Refused
from core.ids import new_id
from core.periods import month_period
from core.scope import VENDOR_ID, StewardScope, TenantScope
from plans.actions.open_periods import open_periods
from plans.reads import SubscriptionView, all_subscriptions, due_periods, unopened
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, get_tenant, list_tenants, tenant_now

__all__ = ("BEAT", "NowOf", "RunOutcome", "bill_due")

NowOf = Callable[[Session, TenantView], datetime]
BEAT = "system:beat"
"""The actor of runs that the clock starts; one that finds nothing leaves no trace."""

LATE_LOOK = timedelta(days=1)
"""How often late facts of a subscription that is over are looked for; others have a next invoice."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did. Documents by (payer, id)."""

    run_id: UUID | None
    invoices: tuple[tuple[UUID, UUID], ...]
    failures: tuple[tuple[UUID, str, str], ...]
    """Payer, code, what to do; the others were billed all the same."""
    busy: tuple[UUID, ...]
    """Payers that another run was billing."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run was asked for."""

    database: Database
    now_of: NowOf
    month: date | None
    skip_grace: bool
    finalise: bool
    actor: str
    run_id: UUID


@dataclass(slots=True)
class _Done:
    invoices: list[tuple[UUID, UUID]] = field(default_factory=list)
    failures: list[tuple[UUID, str, str]] = field(default_factory=list)
    busy: list[UUID] = field(default_factory=list)


def bill_due(  # noqa: PLR0913 - the options of a run, all by keyword
    database: Database,
    *,
    actor: str,
    tenant_ids: Collection[UUID] | None = None,
    period: str | None = None,
    skip_grace: bool = False,
    reason: str = "",
    finalise: bool = True,
    now_of: NowOf = tenant_now,
) -> RunOutcome:
    """Bill every period that is due: ended, its grace over, not on a document yet.

    Args:
        database: each document is a transaction of its own.
        actor: who runs it, for run and audit trail.
        tenant_ids: only what these use or pay for; None for all.
        period: only periods of this month, `2026-10`; None for whatever is due.
        skip_grace: don't wait for late facts; needs a reason.
        reason: why, for the audit trail.
        finalise: issue at once; else leave drafts.
        now_of: the time of a tenant; its test clock's or the service's by default.

    Raises:
        RunNeedsReason: the grace is skipped without a reason (`run_needs_reason`).
        PeriodInvalid: not a month (`period_invalid`).
        PeriodNotEnded: the month runs or lies ahead for everybody (`period_not_ended`).
    """
    if skip_grace and not reason.strip():
        raise RunNeedsReason
    run = _Run(database, now_of, _month(period), skip_grace, finalise, actor, new_id())
    with database.begin(StewardScope()) as session:
        payers, lapsed = _payers(session, run, tenant_ids), _lapsed(session, run, tenant_ids)
    if not payers and not lapsed and actor == BEAT:
        return RunOutcome(None, (), (), ())
    _begin(run, period, reason)
    done = _Done()
    for payer_id, wanted in payers.items():
        _bill_payer(run, payer_id, wanted, done)
    for payer_id, grant_ids in lapsed.items():
        _let_lapse(run, payer_id, grant_ids, done)
    _end(run, done)
    return RunOutcome(run.run_id, tuple(done.invoices), tuple(done.failures), tuple(done.busy))


def _month(period: str | None) -> date | None:
    if period is None:
        return None
    try:
        month = date.fromisoformat(f"{period}-01")
    except ValueError:
        raise PeriodInvalid(period) from None
    if not 2000 <= month.year < 3000:
        raise PeriodInvalid(period)
    return month


def _payers(session: Session, run: _Run, tenant_ids: Collection[UUID] | None) -> dict[UUID, list[tuple[UUID, UUID]]]:
    """Return the subscriptions that may have something due, by payer: (consumer, subscription)."""
    tenants = [t for t in list_tenants(session) if tenant_ids is None or {t.id, t.payer_id} & set(tenant_ids)]
    clocks = {tenant.id: run.now_of(session, tenant) for tenant in tenants}
    if run.month is not None and not any(_ended(run.month, tenant, clocks[tenant.id]) for tenant in tenants):
        raise PeriodNotEnded(f"{run.month:%Y-%m}")
    suspects = _suspects(session, clocks, skip_grace=run.skip_grace) | withdrawn_periods(session, clocks).keys()
    billed, looked = billed_by_subscription(session), looked_at(session, clocks)
    payers: dict[UUID, list[tuple[UUID, UUID]]] = defaultdict(list)
    for subscription in all_subscriptions(session):
        if subscription.tenant_id not in clocks:
            continue
        now = clocks[subscription.tenant_id]
        opening = subscription.starts_at <= now and ("advance", subscription.starts_at) not in billed[subscription.id]
        if subscription.id in suspects or opening or _over(subscription, looked.get(subscription.id), now):
            payers[subscription.payer_tenant_id].append((subscription.tenant_id, subscription.id))
    return payers


def _suspects(session: Session, clocks: dict[UUID, datetime], *, skip_grace: bool) -> set[UUID]:
    """Return subscriptions with a period that ended, or whose next period is not stored yet."""
    by_now: dict[datetime, list[UUID]] = defaultdict(list)
    for tenant_id, now in clocks.items():
        # Clocks a few milliseconds apart are asked for at once: what falls between comes next time.
        by_now[now.replace(microsecond=0)].append(tenant_id)
    found: set[UUID] = set()
    for now, tenant_ids in by_now.items():
        found |= {d.subscription_id for d in due_periods(session, now, tenants=tenant_ids, skip_grace=skip_grace)}
        found |= {subscription_id for _, subscription_id in unopened(session, now, tenants=tenant_ids)}
    return found


def _over(subscription: SubscriptionView, looked: datetime | None, now: datetime) -> bool:
    """Tell whether an ended subscription is to be looked at for late facts: no next invoice brings them."""
    ended = subscription.ends_at is not None and now - LOOK_BACK < subscription.ends_at <= now
    return ended and looked is not None and looked <= now - LATE_LOOK


def _ended(month: date, tenant: TenantView, now: datetime) -> bool:
    return month_period(month.year, month.month, tenant.tz).ends_at <= now


def _bill_payer(run: _Run, payer_id: UUID, wanted: Iterable[tuple[UUID, UUID]], done: _Done) -> None:
    """Bill a payer's documents, oldest first, a transaction each."""
    try:
        with run.database.begin(TenantScope(payer_id)) as session:
            payer = get_tenant(session, payer_id)
            groups = _groups(session, run, payer, wanted) if _looks(session, run, payer, done) else []
        for group in groups:
            with run.database.begin(TenantScope(payer_id)) as session:
                # Not stepping aside here: another run may only be looking, and would step aside for us in turn.
                # Whoever bills a document goes on to the next, so that at least one of them comes to the end.
                lock_account(session, payer_id, run.now_of(session, group.payer), wait=True)
                invoice_id = bill_group(session, group, run.now_of(session, group.payer))
            if invoice_id is not None:
                done.invoices.append((payer_id, invoice_id))
    except PeriodAlreadyBilled:
        done.busy.append(payer_id)
    except Refused as refusal:
        done.failures.append((payer_id, refusal.code, refusal.detail))
    except Exception:
        # One customer's broken data must not keep the others from being billed; nothing of this
        # payer's document was written, and the run says so.
        log.exception("invoice_run_failed", payer=str(payer_id), run=str(run.run_id))
        done.failures.append(
            (payer_id, "internal_error", "Billing this customer failed; the log of this run says why.")
        )


def _lapsed(session: Session, run: _Run, tenant_ids: Collection[UUID] | None) -> dict[UUID, list[UUID]]:
    """Return prepaid credits that expired, by payer: they lapse after what they still paid was billed."""
    lapsed: dict[UUID, list[UUID]] = {}
    for payer_id, grants in expiring_grants(session).items():
        if tenant_ids is not None and payer_id not in tenant_ids:
            continue
        payer = get_tenant(session, payer_id)
        now = run.now_of(session, payer)
        due = [grant_id for grant_id, expires_at in grants if lapses_at(expires_at, payer) <= now]
        if due:
            lapsed[payer_id] = due
    return lapsed


def _let_lapse(run: _Run, payer_id: UUID, grant_ids: Iterable[UUID], done: _Done) -> None:
    for grant_id in grant_ids:
        try:
            with run.database.begin(TenantScope(payer_id)) as session:
                payer = get_tenant(session, payer_id)
                expire_credits(session, payer, grant_id, run.actor, run.now_of(session, payer))
        except Refused as refusal:
            done.failures.append((payer_id, refusal.code, refusal.detail))


def _looks(session: Session, run: _Run, payer: TenantView, done: _Done) -> bool:
    """Lock the payer's account to look what is due; where another run holds it, note that and step aside."""
    if lock_account(session, payer.id, run.now_of(session, payer)):
        return True
    done.busy.append(payer.id)
    return False


def _groups(session: Session, run: _Run, payer: TenantView, wanted: Iterable[tuple[UUID, UUID]]) -> list[Group]:
    """Return the documents to be made, oldest first. What they claim is checked once more when it is billed."""
    items: dict[GroupKey, list[DueItem]] = defaultdict(list)
    for consumer_id, subscription_id in wanted:
        consumer = payer if consumer_id == payer.id else get_tenant(session, consumer_id)
        with act_for(session, consumer_id):
            for item, currency, tz in _items(session, run, consumer, subscription_id):
                items[GroupKey(item.closes_on(tz), currency, consumer.legal_entity_id)].append(item)
    return [Group(payer, key, tuple(items[key]), run.run_id, run.finalise, run.actor) for key in sorted(items)]


def _items(
    session: Session, run: _Run, consumer: TenantView, subscription_id: UUID
) -> list[tuple[DueItem, str, ZoneInfo]]:
    """Return what is due of a subscription, with its currency and zone."""
    now = run.now_of(session, consumer)
    subscription, spans = open_periods(session, consumer.id, subscription_id, now)
    if not spans:
        return []
    billed = billed_by_subscription(session, [consumer.id])[subscription_id]
    withdrawn = withdrawn_periods(session, [consumer.id]).get(subscription_id)
    last = withdrawn[1] if withdrawn else spans[-1].period
    over = subscription.ends_at is not None and _over(
        subscription, looked_at(session, [consumer.id]).get(subscription_id), now
    )
    grace = timedelta(0) if run.skip_grace else timedelta(hours=consumer.grace_hours)
    tz = subscription.schedule.tz
    question = Question(now, grace, tz, run.month)
    items = due_items(consumer.id, subscription_id, [span.period for span in spans], billed, question)
    if (withdrawn or (over and not items)) and run.month in (None, month_of(last, tz)):
        items.append(DueItem(consumer.id, subscription_id, last, "again"))
    return [(item, subscription.currency, tz) for item in items]


def _begin(run: _Run, period: str | None, reason: str) -> None:
    with run.database.begin(TenantScope(VENDOR_ID)) as session:
        add(
            session,
            InvoiceRun(
                tenant_id=VENDOR_ID,
                id=run.run_id,
                actor=run.actor,
                period=period,
                skip_grace=run.skip_grace,
                finalise=run.finalise,
                reason=reason,
                status="running",
                started_at=utc_now(),
                finished_at=None,
                result={},
            ),
        )
        detail = {"period": period, "skip_grace": run.skip_grace, "finalise": run.finalise, "reason": reason}
        record_audit(session, VENDOR_ID, run.actor, "run_invoices", ("invoice_run", str(run.run_id)), detail)


def _end(run: _Run, done: _Done) -> None:
    result = {
        "invoices": [{"tenant_id": str(tenant), "invoice_id": str(invoice)} for tenant, invoice in done.invoices],
        "failures": [
            {"tenant_id": str(tenant), "code": code, "detail": detail} for tenant, code, detail in done.failures
        ],
        "busy": [str(tenant) for tenant in done.busy],
    }
    status = "failed" if done.failures else "done"
    with run.database.begin(TenantScope(VENDOR_ID)) as session:
        set_run(session, VENDOR_ID, run.run_id, status=status, finished_at=utc_now(), result=result)
