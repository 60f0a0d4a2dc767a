"""What a contract will bill if it is done, line by line, and what is done in words (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.i18n import gettext as _
from app.pages.formats import day, last_day, money, period, quantity
from app.pages.sales.agreement_words import discount_text
from app.pages.sales.quote_preview import Stat
from app.pages.tables import Column, Table, cell, number
from app.pages.words import line_kind_name, unit_name
from core.money import Money
from core.periods import Period, local_date
from plans.changes import TICK, Decision
from plans.rating import RatedCharge
from plans.rating.estimate import Foreseen
from plans.subscriptions import BASE, AgreedDiscount, Holding, SubscriptionView

__all__ = ("ForeseenView", "begun_words", "decision_words", "foreseen_view", "redeemed_words", "renewed_words")


@dataclass(frozen=True, slots=True)
class ForeseenView:
    """What a preview shows."""

    words: tuple[str, ...]
    """What is done, sentence by sentence."""
    stats: tuple[Stat, ...]
    tables: tuple[Table, ...]
    note: str


def foreseen_view(
    contract: SubscriptionView, running: Period, words: Sequence[str], foreseen: Foreseen,
    stays: Foreseen | None = None,
) -> ForeseenView:  # fmt: skip
    """Return the very lines that are billed for the running period and the next one, and their sums.

    Args:
        contract: as it then is.
        running: the period that runs; of a contract that is begun, all that was billed had it begun then.
        words: what is done.
        foreseen: what it then bills.
        stays: what it bills if nothing is done, to compare with; None for a contract that is begun.
    """
    lines, following = foreseen
    currency, tz = contract.currency, contract.schedule.tz
    caption = _("Running period: %(period)s") % {"period": period(running, tz)}
    first = _table("running", caption, lines, contract)
    stats = [Stat(first.caption, money(_sum(lines, currency)), _compared(stays[0] if stays else None, currency))]
    tables = [first]
    if following is not None:
        caption = _("Next period: %(period)s") % {"period": period(following.span.period, tz)}
        tables.append(_table("next", caption, following.lines, contract))
        was = stays[1].lines if stays is not None and stays[1] is not None else None
        stats.append(Stat(caption, money(_sum(following.lines, currency)), _compared(was, currency)))
    note = _("Before tax, by the use so far: what happens until the period ends is billed too.")
    if following is None:
        note = f"{note} {_('After this period nothing is billed any more.')}"
    return ForeseenView(tuple(words), tuple(stats), tuple(tables), note)


def begun_words(contract: SubscriptionView) -> tuple[str, ...]:
    """Return what a new contract is: its plan from day to day, add-ons, end, renewal, discounts."""
    tz = contract.schedule.tz
    told = []
    for held in contract.holdings:
        words = {"what": _what(held), "day": day(local_date(held.starts_at, tz))}
        trial = _("%(what)s from %(day)s on, on trial: nothing is billed.")
        told.append((trial if held.mode == "trial" else _("%(what)s from %(day)s on.")) % words)
    if contract.ends_at is not None:
        told.append(_("It ends after %(day)s.") % {"day": _last(contract.ends_at, tz)})
    if contract.renews_months:
        term = {"count": contract.renews_months, "days": contract.notice_days}
        told.append(_("It then renews for %(count)s months; that is settled %(days)s days before.") % term)
    told += [_agreed(one, contract) for one in contract.discounts]
    return tuple(told)


def decision_words(act: str, before: SubscriptionView, decision: Decision, way: str = "") -> tuple[str, ...]:
    """Return what a change, a pause, a withdrawal or an end does."""
    tz = before.schedule.tz
    at = day(local_date(decision.effective_at, tz))
    match act:
        case "cancel":
            ends_at = decision.after.ends_at or decision.effective_at
            return (_("The contract ends after %(day)s.") % {"day": _last(ends_at, tz)},)
        case "pause":
            return (_("From %(day)s on nothing is billed and nothing granted, until it is resumed.") % {"day": at},)
        case "resume":
            return (_("From %(day)s on it is billed and granted again.") % {"day": at},)
        case "withdraw":
            return tuple(_("%(what)s does not come on %(day)s.") % {"what": _what(one), "day": at}
                         for one in decision.closes)  # fmt: skip
    return tuple(_changes(decision, at, way))


def renewed_words(after: SubscriptionView) -> tuple[str, ...]:
    """Return what a renewal does."""
    if after.ends_at is None:
        return (_("The contract goes on without an end."),)
    return (_("The contract goes on; it ends after %(day)s.") % {"day": _last(after.ends_at, after.schedule.tz)},)


def redeemed_words(agreed: AgreedDiscount, contract: SubscriptionView) -> tuple[str, ...]:
    """Return what a coupon brings."""
    return (_agreed(agreed, contract),)


def _changes(decision: Decision, at: str, way: str) -> Iterator[str]:
    ends = {held.slot: held for held in decision.closes}
    ways = {"upgrade": _("an upgrade"), "downgrade": _("a downgrade"), "same_tier": _("another plan of the same tier")}
    for held in decision.opens:
        was = ends.pop(held.slot, None)
        if was is None:
            yield _("%(what)s begins on %(day)s.") % {"what": _what(held), "day": at}
            continue
        words = {"was": _what(was), "what": _what(held), "day": at, "way": ways.get(way, "")}
        told = _("%(was)s becomes %(what)s on %(day)s: %(way)s.")
        yield (told if held.slot == BASE and words["way"] else _("%(was)s becomes %(what)s on %(day)s.")) % words
        if was.terms_id is not None and held.terms_id is None:
            yield _("The prices that were agreed on for this contract alone end with it.")
        if was.document.interval_months != held.document.interval_months and held.slot == BASE:
            yield _interval(decision)
    for held in ends.values():
        yield _("%(what)s ends after %(day)s.") % {"what": _what(held), "day": _last_of(decision)}


def _interval(decision: Decision) -> str:
    first = next(decision.after.spans_until(decision.effective_at + TICK, since=decision.effective_at))
    words = {"day": _last(first.period.ends_at, decision.after.schedule.tz), "count": decision.after.interval_months}
    if decision.after.interval_months == 1:
        return _("It is then billed monthly; the first period ends after %(day)s.") % words
    return _("It is then billed every %(count)s months; the first period ends after %(day)s.") % words


def _last_of(decision: Decision) -> str:
    return _last(decision.effective_at, decision.after.schedule.tz)


def _agreed(agreed: AgreedDiscount, contract: SubscriptionView) -> str:
    names = {charge.key: charge.name for held in contract.holdings for charge in held.document.charges}
    of = ", ".join(names.get(key, key) for key in agreed.discount.charges)
    words = {
        "name": agreed.discount.name,
        "what": discount_text(agreed.discount, contract.currency, of),
        "day": day(local_date(agreed.starts_at, contract.schedule.tz)),
    }
    return _("%(name)s: %(what)s; it counts from %(day)s on.") % words


def _what(held: Holding) -> str:
    words = {"plan": held.plan_name, "number": held.version_number}
    text = _("%(plan)s, version %(number)s") % words
    return f"{text} × {quantity(held.quantity)}" if held.quantity > 1 else text


def _table(id_: str, caption: str, lines: Sequence[RatedCharge], contract: SubscriptionView) -> Table:
    currency, tz = contract.currency, contract.schedule.tz
    total = _sum(lines, currency)
    return Table(
        id=id_,
        caption=caption,
        columns=(Column(_("Charge")), Column(_("Net"), numeric=True)),
        rows=tuple(
            (
                cell(one.charge.name, sub=_sub(one, tz)),
                number(money(one.rated.amount), one.rated.amount.text()),
            )
            for one in lines
        ),
        footer=(cell(_("Net")), number(money(total), total.text())) if lines else (),
        empty_title=_("Nothing to bill"),
        empty_text=_("No charge of the contract comes due in it."),
    )


def _sub(one: RatedCharge, tz: ZoneInfo) -> str:
    """Return how many, of what, and in which days: it stands below the charge, so that a phone shows the amount."""
    unit = f" {unit_name(one.measurement.unit, one.quantity)}" if one.measurement else ""
    words = {"count": quantity(one.quantity) + unit, "kind": line_kind_name(one.kind), "days": _days(one.period, tz)}
    return _("%(kind)s, %(days)s: %(count)s") % words


def _days(of: Period, tz: ZoneInfo) -> str:
    first, last = local_date(of.starts_at, tz), _last(of.ends_at, tz)
    return day(first) if day(first) == last else _("%(first)s to %(last)s") % {"first": day(first), "last": last}


def _compared(was: Sequence[RatedCharge] | None, currency: str) -> str:
    if was is None:
        return ""
    return _("%(amount)s if nothing is done") % {"amount": money(_sum(was, currency))}


def _sum(lines: Sequence[RatedCharge], currency: str) -> Money:
    return sum((one.rated.amount for one in lines), Money(0, currency))


def _last(ends_at: datetime, tz: ZoneInfo) -> str:
    return day(last_day(ends_at, tz))
