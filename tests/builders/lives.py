"""Random contracts with their use, and what somebody wants of them while they run."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from core.periods import day_start
from plans.actions.subscribe import AddonInput
from plans.documents import PlanDocument
from plans.terms import Discount
from tests.builders.strategies import discounts, documents, use

ZONES = ("UTC", "Europe/Berlin", "Australia/Lord_Howe")
INTERVALS = ((1, 1), (1, 1), (3, 3), (1, 12), (12, 1), (3, 1), (1, 3), (2, 3), (12, 3))
"""Months between the bills of one plan and of the other."""


@dataclass(frozen=True)
class Step:
    """Something that somebody wants of the contract at an instant; what is refused changes nothing."""

    at: datetime
    wanted: dict[str, Any]
    bills: bool
    """An invoice run just before it."""


@dataclass(frozen=True)
class Story:
    """A contract, its use and what becomes of it."""

    zone: str
    plans: tuple[PlanDocument, PlanDocument]
    addons: tuple[PlanDocument, PlanDocument]
    """Each is billed as often as the plan in its place."""
    starts_on: date
    ends_on: date
    begun: dict[str, Any]
    agreed: tuple[Discount, ...]
    events: list[dict[str, Any]]
    steps: list[Step]
    along: bool
    """Whether it is billed as time goes, or all of it when it is over."""


def wishes() -> st.SearchStrategy[dict[str, Any]]:
    when = st.sampled_from(("prorate_now", "prorate_now", "at_period_end"))
    keep = st.booleans()
    # Another plan takes the add-ons along, or has its own in their place.
    plan = {"plan_key": st.sampled_from(("light", "full")), "many": st.sampled_from((None, 0, 0, 1))}
    addon = {"addons": st.sampled_from(((), ("extra", 1), ("extra", 2), ("more", 1)))}
    changes = st.one_of(
        st.fixed_dictionaries({"quantity": st.integers(1, 4), "when": when, "keep_later": keep}),
        st.fixed_dictionaries(plan | {"when": when, "keep_later": keep}),
        st.fixed_dictionaries(addon | {"when": when, "keep_later": keep}),
        st.fixed_dictionaries({"mode": st.sampled_from(("paused", "regular")), "when": when}),
    )
    # So many days, or to the first instant of what runs.
    dated_back = {"back": st.sampled_from((None, None, 1, 3, 17, 40)), "keep_later": keep}
    back = st.one_of(
        st.fixed_dictionaries(dated_back | {"quantity": st.integers(1, 4)}),
        st.fixed_dictionaries(dated_back | plan),
        st.fixed_dictionaries(dated_back | addon),
    )
    ends = st.fixed_dictionaries({
        "cancel": st.sampled_from(("prorate_now", "prorate_now", "at_period_end")),
        "back": st.sampled_from((0, 0, None, 3, 17, 40)),
    })  # fmt: skip
    return st.one_of(changes, changes, changes, changes, back, back, ends, st.just({"withdraw": None}))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    zone = draw(st.sampled_from(ZONES))
    months = draw(st.sampled_from(INTERVALS))
    starts_on = date(2026, 1, 1) + timedelta(days=draw(st.sampled_from((0, 0, 9, 30))))
    days = draw(st.integers(20, 420 if 12 in months else 200))
    moments = draw(st.lists(
        st.tuples(st.integers(0, days - 1), st.sampled_from((0, 0, 43_201)), wishes(), st.booleans()),
        max_size=5, unique_by=lambda step: step[:2],
    ))  # fmt: skip
    steps = [
        Step(day_start(starts_on + timedelta(days=day), ZoneInfo(zone)) + timedelta(seconds=second), wanted, bills)
        for day, second, wanted, bills in sorted(moments, key=lambda step: step[:2])
    ]
    begun = {
        "quantity": draw(st.integers(1, 3)),
        "trial_days": draw(st.sampled_from((0, 0, 0, 10))),
        "anchor_on": draw(st.sampled_from((None, date(2026, 1, 1), date(2025, 12, 31)))),
        "addons": draw(st.sampled_from(((), (), (AddonInput("extra"),)))),
    }
    return Story(
        zone=zone, plans=(draw(documents(months[0])), draw(documents(months[1]))),
        addons=(draw(documents(months[0], base=False)), draw(documents(months[1], base=False))),
        starts_on=starts_on, ends_on=starts_on + timedelta(days=days), begun=begun,
        agreed=draw(st.sampled_from((0, 0, 1))) * (draw(discounts("deal")),),
        events=draw(use(starts_on, days)), steps=steps, along=draw(st.booleans()),
    )  # fmt: skip
