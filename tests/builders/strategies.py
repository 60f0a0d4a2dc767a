"""Random plans and random use, for laws that hold for all of them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from metering.policies import WeightPolicy
from plans.catalogue.suite import POLICIES
from plans.charges import Charge, IncludedPer, Price, Tier
from plans.documents import PlanDocument
from plans.terms import Commitment, CreditBlock, Discount

LEVELS = (
    "members.active", "members.contributors", "members.registered.average", "seats.named.peak",
    "seats.named.prorated", "sessions.concurrent.peak", "sessions.concurrent.p95",
)  # fmt: skip
CHARGED = "courses.transactions.charged"
FLOWS = (CHARGED, CHARGED, "contributions", "class.hours")
TIERED = ("graduated", "volume", "stairstep")
UNITS = ("per_unit", "package", *TIERED)
PEOPLE = ("ann", "bob", "cid", "dot", "eve")
CENTRES = ("sales", "plant")
HALF_GUESTS = WeightPolicy(classes={"member": Decimal(1), "guest": Decimal("0.5"), "test": Decimal(0)})


def amounts(low: str = "0.01", high: str = "40") -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=2)


@st.composite
def prices(draw: st.DrawFn, model: str) -> Price:
    match model:
        case "flat":
            figures: dict[str, Any] = {"amount": draw(amounts())}
        case "per_unit":
            figures = {"unit": draw(amounts())}
        case "package":
            figures = {"amount": draw(amounts()), "size": Decimal(draw(st.integers(1, 4)))}
        case "percentage":
            figures = {"percent": draw(amounts("1", "30")), "fixed": draw(st.sampled_from((None, Decimal("1.5"))))}
        case "price_list":
            figures = {"entries": {"wbt": draw(amounts()), "employee": draw(amounts())}, "default": draw(amounts())}
        case _:
            what = "flat" if model == "stairstep" else "unit"
            first = Tier(up_to=Decimal(draw(st.integers(1, 3))), **{what: draw(amounts())})
            figures = {"tiers": (first, Tier(**{what: draw(amounts())}))}
    if draw(st.integers(0, 3)) == 0:
        figures |= {"minimum": draw(amounts("0", "5")), "cap": draw(st.sampled_from((None, Decimal(30))))}
    return Price(**figures)


def _fee(draw: st.DrawFn, months: int) -> dict[str, Any]:
    once = draw(st.sampled_from((False, False, False, True)))
    every = None if once else draw(st.sampled_from((None, None, 3 * months, 12 * months)))
    return {
        "model": draw(st.sampled_from(("flat", "per_unit", "graduated"))), "in_advance": draw(st.booleans()),
        "once": once, "interval_months": every,
    }  # fmt: skip


def _level(draw: st.DrawFn, months: int) -> dict[str, Any]:
    meter = draw(st.sampled_from(LEVELS))
    fields: dict[str, Any] = {"model": draw(st.sampled_from(UNITS)), "meter": meter}
    match draw(st.integers(0, 5)):
        case 0:
            fields["included"] = Decimal(draw(st.integers(1, 2)))
        case 1:
            fields |= {"included": Decimal(1), "rollover_months": 2 * months}
        case 2:
            fields["included_per_item"] = Decimal(1)
        case 3:
            fields["interval_months"] = 3 * months
    if meter == "members.registered.average":
        fields["fair_use"] = draw(st.booleans())
    return fields


def _flow(draw: st.DrawFn, months: int) -> dict[str, Any]:
    meter = draw(st.sampled_from(FLOWS))
    fields: dict[str, Any] = {"model": draw(st.sampled_from(UNITS)), "meter": meter}
    if meter == CHARGED:
        fields["where"] = draw(st.sampled_from(({}, {"course_type": ("wbt",)}, {"course_type": ("ilt",)})))
    match draw(st.integers(0, 5)):
        case 0:
            fields["tier_period"] = "year"
        case 1:
            fields |= {
                "included_per": IncludedPer(meter="seats.named.peak", quantity=Decimal(1)),
                "tier_period": "year",
            }
        case 2:
            fields |= {"included": Decimal(1), "rollover_months": 2 * months}
        case 3:
            fields["interval_months"] = 3 * months
    return fields


def _listed(draw: st.DrawFn, _months: int) -> dict[str, Any]:
    meter, dimension = draw(st.sampled_from(((CHARGED, "course_type"), ("members.active", "audience"))))
    free = Decimal(draw(st.integers(0, 1)))
    return {"model": "price_list", "meter": meter, "dimension": dimension, "included": free}


def _share(_draw: st.DrawFn, _months: int) -> dict[str, Any]:
    return {"model": "percentage", "meter": "courses.revenue"}


@st.composite
def charges(draw: st.DrawFn, key: str, months: int = 1) -> Charge:
    fields = draw(st.sampled_from((_fee, _fee, _level, _level, _flow, _flow, _listed, _share)))(draw, months)
    return Charge(
        key=key, name=key, prices={"EUR": draw(prices(fields["model"]))},
        proration=draw(st.sampled_from(("by_second", "by_day", "none"))), **fields,
    )  # fmt: skip


def euros(draw: st.DrawFn, low: str = "1", high: str = "40") -> dict[str, Decimal]:
    return {"EUR": draw(amounts(low, high))}


@st.composite
def discounts(draw: st.DrawFn, key: str, keys: tuple[str, ...] = ()) -> Discount:
    off: dict[str, Any] = draw(st.sampled_from(({"percent": Decimal("12.5")}, {"amounts": {"EUR": Decimal("3.33")}})))
    of = draw(st.sampled_from(((), keys[:1])))
    return Discount(key=key, name=key, charges=of, periods=draw(st.sampled_from((None, 1, 2))), **off)


@st.composite
def commitments(draw: st.DrawFn, keys: tuple[str, ...], months: int) -> Commitment:
    return Commitment(
        key="least", name="Least", amounts=euros(draw, "10", "90"),
        months=draw(st.sampled_from((None, 3 * months, 12 if 12 % months == 0 else months))),
        charges=draw(st.sampled_from(((), keys[:1]))), early_end=draw(st.sampled_from(("prorated", "due"))),
    )  # fmt: skip


@st.composite
def blocks(draw: st.DrawFn, keys: tuple[str, ...], months: int) -> CreditBlock:
    return CreditBlock(
        key="block", name="Block", amounts=euros(draw, "5", "60"), prices=draw(st.sampled_from(({}, euros(draw)))),
        months=draw(st.sampled_from((None, months))), expires_months=draw(st.sampled_from((None, 1, 2))),
        charges=draw(st.sampled_from(((), keys[:1]))),
    )  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, months: int = 1, *, base: bool = True) -> PlanDocument:
    """A plan version (with its own weights) or an add-on that is fit to be published, priced in euros."""
    listed = tuple(draw(charges(f"c{number}", months)) for number in range(draw(st.integers(1, 3 if base else 2))))
    keys = tuple(charge.key for charge in listed)
    fields: dict[str, Any] = {}
    if base:
        weights = draw(st.sampled_from((WeightPolicy(), HALF_GUESTS)))
        fields["policies"] = replace(POLICIES, weights=weights)
    if draw(st.integers(0, 2)) == 0:
        fields["discounts"] = (draw(discounts("off", keys)),)
    if draw(st.integers(0, 2)) == 0:
        fields["commitments"] = (draw(commitments(keys, months)),)
    if draw(st.integers(0, 3)) == 0:
        fields["credits"] = (draw(blocks(keys, months)),)
    return PlanDocument(charges=listed, interval_months=months, **fields)


KINDS = ("active", "wbt", "ilt", "cancel", "seat", "left_seat", "joined", "left", "session", "wrote", "paid", "hours")


@st.composite
def use(draw: st.DrawFn, first: date, days: int, most: int = 14) -> list[dict[str, Any]]:
    """Events of a customer over so many days, by time; all kinds that meters count, two classes of people."""
    happened = draw(st.lists(
        st.tuples(st.integers(0, days * 24 - 1), st.sampled_from(KINDS), st.sampled_from(PEOPLE)), max_size=most
    ))  # fmt: skip
    return [
        one
        for number, (hour, kind, who) in enumerate(sorted(happened))
        for one in _events(number, first, hour, kind, who)
    ]


def _events(number: int, first: date, hour: int, kind: str, who: str) -> list[dict[str, Any]]:
    at = datetime.combine(first, time(0, 30)) + timedelta(hours=hour)
    wbt = {"course_id": f"w{number % 2}", "course_type": "wbt"}
    ilt = {
        "course_id": "i1",
        "course_type": "ilt",
        "class_id": "k1",
        "class_starts_at": f"{first.year + 1}-12-20T09:00:00Z",
    }
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "active": ("activity.performed", {"verb": "read", "object_type": "post", "object_id": "1"}),
        "wbt": ("course.launched", wbt),
        "ilt": ("course.enrolled", ilt),
        "cancel": ("course.cancelled", ilt | {"by": "learner"}),
        "seat": ("seat.assigned", {"pool": "main"}),
        "left_seat": ("seat.released", {"pool": "main"}),
        "joined": ("membership.opened", {"community_id": "all"}),
        "left": ("membership.closed", {"community_id": "all"}),
        "session": ("session.started", {"session_id": f"s{number}"}),
        "wrote": ("contribution.created", {"kind": "answer", "community_id": "all", "object_id": f"o{number}"}),
        "paid": ("course.purchased", {"course_id": "w0", "amount": "12.34", "currency": "EUR"}),
        "hours": ("class.attended", ilt | {"class_id": f"k{number}", "minutes": 75}),
    }  # fmt: skip
    kind_of, data = told[kind]
    if kind == "hours":
        data = {name: value for name, value in data.items() if name != "course_type"}
    data = data | ({"person": {"class": "guest"}} if who in PEOPLE[3:] else {})
    event = {
        "id": f"e{number}",
        "source": "suite",
        "type": kind_of,
        "time": f"{at.isoformat()}Z",
        "subject": who,
        "data": data,
    }
    if kind != "session":
        return [event]
    out = at + timedelta(hours=2)
    ended = event | {
        "id": f"e{number}-out",
        "type": "session.ended",
        "time": f"{out.isoformat()}Z",
        "data": {"session_id": f"s{number}"},
    }
    return [event, ended]
