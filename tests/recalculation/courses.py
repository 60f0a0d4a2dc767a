"""Course transactions with their refunds, class hours, revenue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.recalculation.facts import Fact
from tests.recalculation.figures import Figure, Known

WINDOW_DAYS = 365
ENROLLED, LAUNCHED = "course.enrolled", "course.launched"
DEFAULT_TRIGGERS = {"wbt": ENROLLED, "ilt": ENROLLED, "simulation": LAUNCHED, "program": ENROLLED}
CATALOGUE_TRIGGERS = DEFAULT_TRIGGERS | {"wbt": LAUNCHED}


@dataclass
class Transaction:
    """A person's use of a course that is charged once."""

    person: str
    key: tuple
    trigger: Fact
    class_id: str | None
    starts: str | None
    weight: int
    refund: Fraction = Fraction(0)
    refunded_at: datetime | None = None

    @property
    def course_type(self) -> str:
        return self.trigger.data["course_type"]


def is_trigger(fact: Fact, triggers: dict[str, str]) -> bool:
    """Say whether the fact may begin a transaction; browsing, reviewing and waiving never do."""
    if fact.type not in ("course.enrolled", "course.launched", "course.completed"):
        return False
    if fact.type != triggers[fact.data["course_type"]]:
        return False
    return fact.data.get("mode", "normal") == "normal" and not fact.data.get("waived", False)


def key_of(fact: Fact, person: str) -> tuple:
    """Return what makes two facts belong to one transaction."""
    if fact.data.get("registration"):
        return ("registration", fact.data["registration"])
    if fact.data["course_type"] == "ilt" and fact.data.get("class_id"):
        return ("class", person, fact.data["class_id"])
    return ("course", person, fact.data["course_id"])


def transactions(known: Known, triggers: dict[str, str]) -> list[Transaction]:
    """Replay all course facts by time; at one instant a trigger comes before a cancellation."""
    found: list[Transaction] = []
    open_: dict[tuple, Transaction] = {}
    facts = [fact for fact in known.facts if fact.type.startswith("course.") and "course_type" in fact.data]
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.type == "course.cancelled", fact.source, fact.id)):
        key = key_of(fact, fact.person)
        if is_trigger(fact, triggers):
            current = open_.get(key)
            if current is None or _window_is_over(known, current, fact):
                class_id, starts = fact.data.get("class_id"), fact.data.get("class_starts_at")
                weight = known.crowd.class_weight(fact.person, fact.at)
                open_[key] = Transaction(fact.person, key, fact, class_id, starts, weight)
                found.append(open_[key])
        elif fact.type == "course.cancelled" and key in open_:
            _cancel(known, open_, key, fact)
    return found


def catalogue_transactions(known: Known) -> list[Transaction]:
    """Return all transactions by the catalogue's triggers."""
    return known.once("transactions", lambda known: transactions(known, CATALOGUE_TRIGGERS))


def _window_is_over(known: Known, current: Transaction, fact: Fact) -> bool:
    """Only person + course has a window: from day 365 after the charged trigger on, a new one opens."""
    if current.key[0] != "course":
        return False
    first = current.trigger.at.astimezone(known.tz).date()
    return fact.at.astimezone(known.tz).date() >= first + timedelta(days=WINDOW_DAYS)


def _cancel(known: Known, open_: dict[tuple, Transaction], key: tuple, fact: Fact) -> None:
    current = open_[key]
    substitute = fact.data.get("substitute")
    if substitute and not any(t.person == substitute and t.class_id == current.class_id for t in open_.values()):
        del open_[key]
        current.person = substitute
        current.key = key_of(fact, substitute)
        open_[current.key] = current
        return
    share = refund_share(known, current, fact)
    if share > 0:
        current.refund, current.refunded_at = share, fact.at
        del open_[key]


def refund_share(known: Known, current: Transaction, fact: Fact) -> Fraction:
    """Return the part given back: by the provider all, a class by business days, a web course by 14 days."""
    if fact.data.get("by") == "provider":
        return Fraction(1)
    if current.course_type == "ilt":
        starts = datetime.fromisoformat(fact.data.get("class_starts_at") or current.starts or "")
        if fact.at >= starts:
            return Fraction(0)
        before = business_days(known, fact.at, starts)
        return Fraction(1) if before >= 5 else Fraction(1, 2) if before >= 2 else Fraction(0)
    enrolled = current.trigger.at.astimezone(known.tz).date()
    late = (fact.at.astimezone(known.tz).date() - enrolled).days > 14
    return Fraction(0) if late or has_begun(known, current, fact) else Fraction(1)


def business_days(known: Known, cancelled: datetime, starts: datetime) -> int:
    """Count Mondays to Fridays that are no holidays, from the day of cancelling to the one before the class."""
    day, last = cancelled.astimezone(known.tz).date(), starts.astimezone(known.tz).date()
    count = 0
    while day < last:
        if day.weekday() < 5 and day not in known.holidays:
            count += 1
        day += timedelta(days=1)
    return count


def has_begun(known: Known, current: Transaction, cancellation: Fact) -> bool:
    """Begun: a launch or a completion in earnest that is not waived, or progress above 0."""
    if Fraction(str(cancellation.data.get("progress", 0))) > 0:
        return True
    for fact in known.facts:
        if not current.trigger.at <= fact.at <= cancellation.at or fact.person != current.person:
            continue
        if fact.type not in ("course.launched", "course.completed") or key_of(fact, fact.person) != current.key:
            continue
        if fact.data.get("mode", "normal") == "normal" and not fact.data.get("waived", False):
            return True
    return False


def course_figures(known: Known, start: datetime, end: datetime, course_type: str | None = None) -> dict[str, Figure]:
    """Return `charged`, `refunded` and `net` of the period; a refund counts when it was cancelled."""
    figures = {name: Figure() for name in ("charged", "refunded", "net")}
    for transaction in catalogue_transactions(known):
        if course_type is not None and transaction.course_type != course_type:
            continue
        trigger, weight = transaction.trigger, Fraction(transaction.weight)
        centre = trigger.data.get("cost_centre")
        if start <= trigger.at < end:
            for name in ("charged", "net"):
                figures[name].quantity += weight
                figures[name].add_driver(known, trigger.person, trigger.at, weight, centre)
        if transaction.refunded_at is not None and start <= transaction.refunded_at < end:
            back = weight * transaction.refund
            for name, sign in (("refunded", 1), ("net", -1)):
                figures[name].quantity += sign * back
                figures[name].add_driver(known, trigger.person, trigger.at, sign * back, centre)
    return figures


def class_hours(known: Known, start: datetime, end: datetime) -> Figure:
    """Hours attended: one report per person and class, the longest; missing minutes are 0."""
    longest: dict[tuple[str, str], Fact] = {}
    for fact in known.facts:
        if fact.type == "class.attended":
            key = (fact.person, fact.data["class_id"])
            if key not in longest or fact.data.get("minutes", 0) > longest[key].data.get("minutes", 0):
                longest[key] = fact
    figure = Figure()
    for fact in longest.values():
        if start <= fact.at < end:
            hours = Fraction(fact.data.get("minutes", 0), 60) * known.crowd.class_weight(fact.person, fact.at)
            figure.quantity += hours
            figure.add_driver(known, fact.person, fact.at, hours, fact.data.get("cost_centre"))
    return figure


def revenue(known: Known, start: datetime, end: datetime, currency: str) -> Figure:
    """What learners paid less what they got back, whoever they are."""
    figure = Figure()
    for fact in known.facts:
        if fact.type not in ("course.purchased", "course.refunded") or not start <= fact.at < end:
            continue
        if fact.data["currency"] == currency:
            sign = 1 if fact.type == "course.purchased" else -1
            amount = sign * Fraction(Decimal(fact.data["amount"]))
            figure.quantity += amount
            figure.add_driver(known, fact.person, fact.at, amount, fact.data.get("cost_centre"))
    return figure
