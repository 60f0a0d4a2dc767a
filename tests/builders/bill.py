"""A contract with usage that is billed: a small plan of every kind of charge, events, runs at any time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from billing.actions.bill_due import RunOutcome, bill_due
from billing.reads import InvoiceView, get_invoice
from billing.reads import invoices as listed
from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from metering.actions.ingest_events import ingest_events
from plans.actions.publish_version import publish_version
from plans.actions.save_draft import DraftInput, PlanIdentity, save_draft
from plans.actions.subscribe import SubscribeInput, subscribe
from plans.catalogue.suite import POLICIES
from plans.charges import Charge, Price, Tier
from plans.documents import PlanDocument
from plans.store import add_family
from plans.subscriptions import SubscriptionView
from tenants.reads import TenantView
from tests.builders.world import ACTOR, LONG_AGO, World

CURRENCIES = ("EUR", "USD", "GBP", "JPY")


def price(**figures: Any) -> dict[str, Price]:
    return {currency: Price(**figures) for currency in CURRENCIES}


FEE = Charge(key="fee", name="Platform fee", model="flat", in_advance=True, prices=price(amount=Decimal(100)))
ACTIVE = Charge(
    key="active", name="Active members", model="per_unit", meter="members.active", prices=price(unit=Decimal("4.20"))
)
STARTS = Charge(
    key="starts",
    name="Web course starts",
    model="volume",
    meter="courses.transactions.charged",
    where={"course_type": ("wbt",)},
    tier_period="year",
    prices=price(tiers=(Tier(up_to=Decimal(3), unit=Decimal("2.50")), Tier(unit=Decimal("2.00")))),
)
SEATS = Charge(
    key="seats",
    name="Class seats",
    model="graduated",
    meter="courses.transactions.charged",
    where={"course_type": ("ilt",)},
    prices=price(tiers=(Tier(up_to=Decimal(1), unit=Decimal(5)), Tier(unit=Decimal(4)))),
)


@dataclass
class Books:
    """Tenants, their contracts, what happened, and what was billed."""

    db: Database
    world: World
    now: datetime = datetime(2026, 11, 4, 9, tzinfo=UTC)
    _ids: Iterable[int] = field(default_factory=count)

    def plan(self, key: str = "small", *charges: Charge, kind: Any = "base") -> str:
        return self.publish(key, PlanDocument(charges=charges or (FEE, ACTIVE, STARTS, SEATS), policies=POLICIES), kind)

    def publish(self, key: str, document: PlanDocument, kind: Any = "base") -> str:
        with self.db.begin(TenantScope(VENDOR_ID)) as session:
            add_family(session, {"key": "tests", "name": "Tests"})
            save_draft(session, DraftInput(key, document, PlanIdentity(key, "tests", kind, 1), ACTOR), LONG_AGO)
            publish_version(session, key, ACTOR, LONG_AGO)
        return key

    def subscribe(
        self, tenant: TenantView, plan: str = "small", starts_on: date = date(2026, 8, 1), **changes: Any
    ) -> SubscriptionView:
        with self.db.begin(TenantScope(tenant.id)) as session:
            given = SubscribeInput(tenant.id, plan, ACTOR, starts_on=starts_on, anchor_on=date(2026, 1, 1), **changes)
            return subscribe(session, given, self.now)

    def event(self, event_type: str, who: str, at: str, event_id: str = "", **data: Any) -> dict[str, Any]:
        return {
            "id": event_id or f"e-{next(iter(self._ids))}",
            "source": "suite",
            "type": event_type,
            "time": f"{at}T10:00:00Z" if len(at) == 10 else at,
            "subject": who,
            "data": data,
        }

    def active(self, at: str, *people: str) -> list[dict[str, Any]]:
        seen = {"verb": "read", "object_type": "post", "object_id": "1"}
        return [self.event("activity.performed", who, at, **seen) for who in people]

    def starts(self, at: str, *people: str, course: str = "c1") -> list[dict[str, Any]]:
        return [self.event("course.launched", who, at, course_id=course, course_type="wbt") for who in people]

    def enrols(
        self, at: str, *people: str, class_id: str = "k1", class_at: str = "2026-12-20T09:00:00Z"
    ) -> list[dict[str, Any]]:
        of = {"course_id": "i1", "course_type": "ilt", "class_id": class_id, "class_starts_at": class_at}
        return [self.event("course.enrolled", who, at, **of) for who in people]

    def cancels(
        self, at: str, *people: str, class_id: str = "k1", class_at: str = "2026-12-20T09:00:00Z"
    ) -> list[dict[str, Any]]:
        of = {
            "course_id": "i1",
            "course_type": "ilt",
            "class_id": class_id,
            "class_starts_at": class_at,
            "by": "learner",
        }
        return [self.event("course.cancelled", who, at, **of) for who in people]

    def act(self, tenant: TenantView, action: Callable[..., Any], *args: Any) -> Any:
        """Do something in a transaction of the tenant."""
        with self.db.begin(TenantScope(tenant.id)) as session:
            return action(session, *args)

    def send(self, tenant: TenantView, *events: dict[str, Any], now: datetime | None = None) -> None:
        answer = ingest_events(self.db.database_url, tenant, events, now or self.now)
        assert answer.accepted == len(events), answer

    def run(self, now: datetime | str | None = None, **options: Any) -> RunOutcome:
        at = datetime.fromisoformat(now) if isinstance(now, str) else now or self.now
        outcome = bill_due(self.db, actor=ACTOR, now_of=lambda _session, _tenant: at, **options)
        assert not outcome.failures, outcome
        return outcome

    def invoices(self, tenant: TenantView) -> list[InvoiceView]:
        """All documents of a payer, oldest first."""
        with self.db.begin(TenantScope(tenant.id)) as session:
            found = [get_invoice(session, tenant.id, summary.id) for summary in listed(session, tenant.id)]
        return found[::-1]

    def invoice(self, tenant: TenantView, invoice_id: UUID) -> InvoiceView:
        with self.db.begin(TenantScope(tenant.id)) as session:
            return get_invoice(session, tenant.id, invoice_id)


def lines(invoice: InvoiceView) -> list[tuple[str, str, str, str]]:
    """Charge, kind, quantity and amount of each line."""
    return [(line.charge_key, line.kind, f"{line.quantity:f}", line.amount.text()) for line in invoice.lines]
