"""The three tiers. Where a tier offers one metric *or* another, it is two plans of the same rank."""

from decimal import Decimal
from typing import Final

from metering.policies import CountingPolicies, CoursePolicy
from plans.catalogue.entries import CatalogueEntry
from plans.catalogue.features import FULL, LIGHT, STANDARD
from plans.catalogue.prices import in_all_currencies, tier
from plans.charges import Charge, IncludedPer, Price
from plans.documents import PlanDocument

__all__ = ("POLICIES", "SUITE")

FAMILY: Final = "social-learning-suite"

POLICIES: Final = CountingPolicies(
    courses=CoursePolicy(
        triggers={"wbt": "launched", "ilt": "enrolled", "simulation": "launched", "program": "enrolled"}
    )
)
"""The catalogue's *WBT start* is a launch, its *ILT seat* an enrolment; all else as by default."""


def _per_unit(key: str, name: str, meter: str, unit: str) -> Charge:
    return Charge(
        key=key, name=name, model="per_unit", meter=meter, prices=in_all_currencies(Price(unit=Decimal(unit)))
    )


def _pooled_courses(seat_meter: str) -> Charge:
    """Two courses a year for each seat, pooled, then 2.00 each."""
    return Charge(
        key="courses",
        name="Course transactions",
        model="per_unit",
        meter="courses.transactions.charged",
        included_per=IncludedPer(meter=seat_meter, quantity=Decimal(2)),
        prices=in_all_currencies(Price(unit=Decimal("2.00"))),
    )


_REGISTERED = Charge(
    key="registered_members",
    name="Registered members",
    model="graduated",
    meter="members.registered.average",
    prices=in_all_currencies(
        Price(tiers=(tier(500, "1.20"), tier(5_000, "0.80"), tier(None, "0.45")), minimum=Decimal(250))
    ),
)
_WBT_STARTS = Charge(
    key="wbt_starts",
    name="Web course starts",
    model="volume",
    meter="courses.transactions.charged",
    where={"course_type": ("wbt",)},
    tier_period="year",
    prices=in_all_currencies(
        Price(
            tiers=(
                tier(5_000, "2.50"),
                tier(10_000, "2.25"),
                tier(20_000, "1.75"),
                tier(50_000, "1.15"),
                tier(None, "0.95"),
            )
        )
    ),
)
_ILT_SEATS = Charge(
    key="ilt_seats",
    name="Class seats",
    model="per_unit",
    meter="courses.transactions.charged",
    where={"course_type": ("ilt",)},
    prices=in_all_currencies(Price(unit=Decimal("4.00"))),
)


def _plan(key: str, name: str, rank: int, document: PlanDocument) -> CatalogueEntry:
    return CatalogueEntry(key=key, family_key=FAMILY, name=name, kind="base", rank=rank, document=document)


SUITE: Final[tuple[CatalogueEntry, ...]] = (
    _plan(
        "light",
        "Light (Community)",
        1,
        PlanDocument(charges=(_REGISTERED, _WBT_STARTS), features=LIGHT, policies=POLICIES),
    ),
    _plan(
        "standard-named",
        "Standard (Learning), named seats",
        2,
        PlanDocument(
            charges=(
                _per_unit("named_seats", "Named seats", "seats.named.peak", "6.50"),
                _pooled_courses("seats.named.peak"),
            ),
            features=STANDARD,
            policies=POLICIES,
        ),
    ),
    _plan(
        "standard-concurrent",
        "Standard (Learning), concurrent users",
        2,
        PlanDocument(
            charges=(
                _per_unit("concurrent_users", "Concurrent users (p95)", "sessions.concurrent.p95", "38.00"),
                # Nobody holds a seat here: the seats of this plan are the most that were in use at once.
                _pooled_courses("sessions.concurrent.peak"),
            ),
            features=STANDARD,
            policies=POLICIES,
        ),
    ),
    _plan(
        "full-active",
        "Full (Social Learning Suite), active members",
        3,
        PlanDocument(
            charges=(
                _per_unit("active_members", "Active members", "members.active", "4.20"),
                _per_unit("contributors", "Contributors", "members.contributors", "1.80"),
                _ILT_SEATS,
            ),
            features=FULL,
            policies=POLICIES,
        ),
    ),
    _plan(
        "full-concurrent",
        "Full (Social Learning Suite), concurrent users",
        3,
        PlanDocument(
            charges=(
                _per_unit("concurrent_users", "Concurrent users (p95)", "sessions.concurrent.p95", "55.00"),
                _ILT_SEATS,
            ),
            features=FULL,
            policies=POLICIES,
        ),
    ),
)
