"""Whatever becomes of a contract: what is previewed is what is executed, what is simulated is what is billed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

import msgspec
from hypothesis import Phase, given, note, settings
from sqlalchemy.orm import Session

from app.listeners import listen
from billing.answers.actions.simulate import Simulated, simulate_subscription, taxes_for
from billing.answers.reads.figures import Figures
from billing.drafts import draft_totals
from billing.reads import InvoiceView
from core.errors import Refused
from core.periods import day_start
from core.scope import TenantScope
from plans.actions.cancel_subscription import CancelInput, cancel_subscription
from plans.actions.change_subscription import ChangeInput, change_subscription
from plans.actions.subscribe import AddonInput, SubscribeInput, subscribe
from plans.actions.withdraw_change import WithdrawInput, withdraw_change
from plans.changes import TICK, Decision, running_span
from plans.periods import Span
from plans.rating import CREDITS, RatedCharge, rate_advance
from plans.rating.estimate import estimate_change, estimate_periods
from plans.reads import get_subscription, measured_sources
from plans.subscriptions import BASE, SubscriptionView, held_charges
from tenants.reads import TenantView
from tests.builders.bill import Books
from tests.builders.lives import Step, Story, stories
from tests.builders.terms import simulated_lines
from tests.builders.world import ACTOR, World
from tests.server import fresh_database
from tests.simulation.long import STEPS, settled

Sums = Counter[tuple[str, datetime]]
"""Minor units by charge and start of the period."""
SHORT, ROUND = 4, 40
"""Contracts that are told in the short run, and in one database of the long one."""


@dataclass
class Promise:
    """What a preview said of the running period, to be looked up when all of it is billed."""

    before: SubscriptionView
    decision: Decision
    kept: bool = True
    """Until something else happens to the period."""

    @property
    def was(self) -> list[Span]:
        """The periods that the preview is about, as they were."""
        return [self.decision.running, *self.decision.followed]

    @property
    def until(self) -> datetime:
        """Where the last of them ends, or of those that come in their place."""
        found = (*self.was, *self.decision.pieces, *self.decision.following)
        return max(span.period.ends_at for span in found)

    @property
    def fees(self) -> list[RatedCharge]:
        """What the change brings in advance: a later one may cut it, long after these periods."""
        spans = (*self.decision.pieces, *self.decision.following)
        return [line for span in spans for line in rate_advance(self.decision.after, span)]

    @property
    def leaves_open(self) -> bool:
        """Whether a charge of a longer interval goes on where the periods end: who ends it there bills it in them."""
        held = held_charges(self.decision.after.at(self.until - TICK))
        return any((one.charge.interval_months or 0) > one.holding.document.interval_months for one in held)


@dataclass
class Play:
    """A story told to the product, step by step."""

    books: Books
    tenant: TenantView
    story: Story
    number: int
    held: SubscriptionView = field(init=False)
    sent: int = 0
    promises: list[Promise] = field(default_factory=list)

    def plan(self, name: str) -> str:
        return f"{name}-{self.number}"

    def begin(self) -> None:
        for name, document in zip(("light", "full"), self.story.plans, strict=True):
            self.books.publish(self.plan(name), document)
        for name, document in zip(("extra", "more"), self.story.addons, strict=True):
            self.books.publish(self.plan(name), document, kind="addon")
        begun = self.story.begun | {
            "addons": tuple(replace(addon, key=self.plan(addon.key)) for addon in self.story.begun["addons"])
        }
        given = SubscribeInput(
            self.tenant.id, self.plan("light"), ACTOR, starts_on=self.story.starts_on, ends_on=self.story.ends_on,
            discounts=self.story.agreed, **begun,
        )  # fmt: skip
        now = day_start(self.story.starts_on, self.tenant.tz)

        def first(held: SubscriptionView, session: Any) -> list[tuple[str, int]]:
            sources = measured_sources(session, self.tenant, now=now, to_be=held.holdings)
            return told(estimate_periods(held, held.spans_until(held.starts_at + TICK), sources))

        with self.books.db.begin(TenantScope(self.tenant.id)) as session:
            promised = first(subscribe(session, replace(given, preview=True), now), session)
            self.held = subscribe(session, given, now)
            assert first(self.held, session) == promised

    def act(self, step: Step) -> None:
        self.send(step.at)
        if step.bills and self.story.along:
            self.bill(step.at)
        wanted = dict(step.wanted)
        try:
            if "cancel" in wanted:
                at = self.dated_back(wanted["back"], step.at)
                given: Any = CancelInput(self.tenant.id, self.held.id, ACTOR, wanted["cancel"], at)
                self.change(cancel_subscription, given, step.at)
            elif "withdraw" in wanted:
                self.change(withdraw_change, WithdrawInput(self.tenant.id, self.held.id, ACTOR), step.at)
            else:
                if "plan_key" in wanted:
                    name, many = wanted["plan_key"], wanted.pop("many")
                    wanted["plan_key"] = self.plan(name)
                    if many is not None:
                        wanted["addons"] = ("extra" if name == "light" else "more", many) if many else ()
                if "addons" in wanted:
                    named = wanted["addons"]
                    wanted["addons"] = (AddonInput(self.plan(named[0]), named[1]),) if named else ()
                if "back" in wanted:
                    wanted["at"] = self.dated_back(wanted.pop("back"), step.at)
                given = ChangeInput(self.tenant.id, self.held.id, ACTOR, **wanted)
                self.change(change_subscription, given, step.at)
        except Refused as refusal:
            note(f"{step.at} {step.wanted} refused: {refusal.code}")

    def dated_back(self, days: int | None, now: datetime) -> datetime:
        if days is not None:
            return now - timedelta(days=days)
        with self.books.db.begin(TenantScope(self.tenant.id)) as session:
            held = get_subscription(session, self.tenant.id, self.held.id, now)
            return running_span(held, (), now).period.starts_at

    def change(self, action: Any, given: Any, now: datetime) -> None:
        """Preview and execute; what both say of the running period by the use so far is the same."""
        with self.books.db.begin(TenantScope(self.tenant.id)) as session:
            before = get_subscription(session, self.tenant.id, self.held.id, now)
            preview = action(session, replace(given, preview=True), now)
            sources = measured_sources(session, self.tenant, now=now, to_be=preview.opens)
            foreseen = told(estimate_change(before, preview, sources))
            done = action(session, given, now)
            assert done == preview
            sources = measured_sources(session, self.tenant, now=now)
            assert told(estimate_change(before, done, sources)) == foreseen
        note(f"{now} {given} done")
        for promise in self.promises:
            lasting = any(line.period.ends_at > promise.until for line in (*self.advance(promise), *promise.fees))
            promise.kept &= min(now, done.effective_at) >= promise.until and not lasting
            promise.kept &= not (done.effective_at == promise.until and promise.leaves_open)
            promise.kept &= action is not withdraw_change
        if action is not withdraw_change:
            self.promises.append(Promise(before, done))

    def advance(self, promise: Promise) -> list[RatedCharge]:
        """Return what was billed in advance up to the running period: a preview tells what comes back of it."""
        earlier = promise.before.spans_until(promise.decision.running.period.starts_at)
        return [line for span in (*earlier, *promise.was) for line in rate_advance(promise.before, span)]

    def send(self, until: datetime) -> None:
        """Facts come as they happen."""
        events = self.story.events[self.sent :]
        happened = [one for one in events if datetime.fromisoformat(one["time"]) < until]
        self.sent += len(happened)
        if happened:
            self.books.send(self.tenant, *happened, now=until)

    def bill(self, now: datetime) -> tuple[Any, ...]:
        return self.books.run(now, tenant_ids=[self.tenant.id]).invoices

    def end(self, now: datetime) -> tuple[Simulated, ...]:
        """Bill what is left, and return what the contract, as it then was, is simulated to bill."""
        self.send(now)
        self.bill(now)
        made = len(self.books.invoices(self.tenant))
        assert (self.bill(now), len(self.books.invoices(self.tenant))) == ((), made), "run twice is run once"
        with self.books.db.begin(TenantScope(self.tenant.id)) as session:
            held = get_subscription(session, self.tenant.id, self.held.id, now)
            note(f"held {[(h.slot, h.plan_key, h.quantity, h.mode, h.starts_at, h.ends_at) for h in held.holdings]}")
            made, alone = (self.simulated(session, one) for one in (held, without_addons(held)))
            of_plan = [{key: sum_ for key, sum_ in charges_of_plan(told).items() if sum_} for told in (made, alone)]
            assert of_plan[0] == of_plan[1], "add-ons that come and go leave the plan's own charges as they are"
            return made

    def simulated(self, session: Session, held: SubscriptionView) -> tuple[Simulated, ...]:
        return simulate_subscription(Figures(session, self.tenant, [held]), held, taxes_for(session, self.tenant))

    def promised(self, billed: Sums) -> None:
        """What was previewed is what the running period was billed in the end, by all use there was."""
        with self.books.db.begin(TenantScope(self.tenant.id)) as session:
            sources = measured_sources(session, self.tenant)
            for promise in self.promises:
                if not promise.kept:
                    continue
                lines = estimate_change(promise.before, promise.decision, sources)
                places = {(line.charge_key, line.period.starts_at) for line in lines}
                began = promise.decision.running.period.starts_at
                billed_before = [
                    line
                    for line in self.advance(promise)
                    if line.period.starts_at >= began or (line.charge_key, line.period.starts_at) in places
                ]
                sums = added(lines, billed_before)
                found = {key: billed[key] for key in sums}
                assert found == dict(sums), promise.decision


def told(lines: Iterable[RatedCharge]) -> list[tuple[str, int]]:
    return [(line.charge_key, line.rated.amount.amount_minor) for line in lines]


def added(*listed: Iterable[RatedCharge]) -> Sums:
    sums: Sums = Counter()
    for lines in listed:
        for line in lines:
            if not line.charge_key.startswith(CREDITS):
                sums[line.charge_key, line.period.starts_at] += line.rated.amount.amount_minor
    return sums


def billed_lines(invoices: list[InvoiceView]) -> list[list[tuple[str, str, str, int]]]:
    return [
        [
            (line.charge_key, line.kind, f"{(sign * line.quantity + 0).normalize():f}", sign * line.amount.amount_minor)
            for line in one.lines
            for sign in [-1 if one.kind == "credit_note" else 1]
        ]
        for one in invoices
    ]


def billed_sums(invoices: list[InvoiceView], kinds: tuple[str, ...]) -> Sums:
    sums: Sums = Counter()
    for one in invoices:
        sign = -1 if one.kind == "credit_note" else 1
        for line in one.lines:
            if line.kind in kinds and not line.charge_key.startswith(CREDITS):
                sums[line.charge_key, line.period.starts_at] += sign * line.amount.amount_minor
    return sums


def simulated_sums(documents: tuple[Simulated, ...], kinds: tuple[str, ...]) -> Sums:
    sums: Sums = Counter()
    for one in documents:
        for line in one.draft.lines:
            if line.kind in kinds and not line.charge_key.startswith(CREDITS):
                sums[line.charge_key, line.period_starts_at] += line.amount_minor
    return sums


def without_addons(held: SubscriptionView) -> SubscriptionView:
    return replace(held, holdings=tuple(holding for holding in held.holdings if holding.slot == BASE))


def charges_of_plan(documents: tuple[Simulated, ...]) -> Counter[tuple[str, str, datetime]]:
    """Sum up what the plan itself charges; discounts and commitments may look at add-ons too."""
    sums: Counter[tuple[str, str, datetime]] = Counter()
    for one in documents:
        for line in one.draft.lines:
            if line.kind != "prepaid" and not {":", "."} & set(line.charge_key.removesuffix(":fair_use")):
                kind = "refund" if line.kind == "refund" else "rated"
                sums[kind, line.charge_key, line.period_starts_at] += line.amount_minor
    return sums


def not_zero(sums: Sums) -> dict[tuple[str, datetime], int]:
    return {key: amount for key, amount in sums.items() if amount}


RATED = ("usage", "advance", "late")


def law(books: Books, world: World, number: int, story: Story) -> None:
    # The dates of a series never go back: each story has its own.
    entity = world.entity(f"e{number}")
    tenant = world.tenant(f"t{number}", time_zone=story.zone, legal_entity_id=entity.id)
    play = Play(books, tenant, story, number)
    play.begin()
    for step in story.steps:
        play.act(step)
    foreseen = play.end(datetime.combine(story.ends_on, time(12), UTC) + timedelta(days=10))

    billed = books.invoices(tenant)
    if not story.along:
        assert billed_lines(billed) == simulated_lines(foreseen)
        totals = [draft_totals(one.draft) for one in foreseen]
        assert [abs(one.gross.amount_minor) for one in totals] == [one.gross.amount_minor for one in billed]
    # Billed as time goes, a change corrects what was billed before it, which no simulation knows: the sums are the same.
    # Credits that came with a plan stay though it was changed at its first instant: they are told apart.
    for kinds in (RATED, ("refund",)):
        assert not_zero(billed_sums(billed, kinds)) == not_zero(simulated_sums(foreseen, kinds))
    play.promised(billed_sums(billed, RATED))


def hold(books: Books, world: World, numbers: Iterator[int], examples: int) -> None:
    @settings(settled(1), max_examples=examples, phases=[Phase.generate])
    @given(stories())
    def told(story):
        note(f"{story.zone} {story.starts_on} {story.ends_on} {story.begun} {story.agreed} along: {story.along}")
        for document in (*story.plans, *story.addons):
            note(msgspec.json.encode(document).decode())
        law(books, world, next(numbers), story)

    told()


def test_preview_is_execution_and_simulation_is_the_bill(admin_url, engines):
    listen()
    left, numbers = max(SHORT, STEPS // 100), count(1)
    while left > 0:
        # Runs look at all contracts there are: a long search begins anew now and then.
        with fresh_database(admin_url) as engines.database_url:
            world = World(engines)
            hold(Books(engines, world), world, numbers, min(left, ROUND))
            engines.dispose()
        left -= ROUND
        if STEPS:
            print(f"{next(numbers):,} contracts told", flush=True)
