"""A plan charges by a custom meter of the vendor: figures, late deltas and corrections as by any other."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.db import Database
from core.scope import VENDOR_ID, TenantScope
from metering.actions.create_meter import MeterInput, create_meter, retire_meter
from metering.actions.record_correction import CorrectionInput, record_correction
from metering.custom.definition import MeterDefinition
from metering.tasks import backfill_meters
from plans.charges import Charge
from plans.errors import PlanInvalid
from tests.builders.bill import Books, lines, price
from tests.builders.world import ACTOR, LONG_AGO, World

AUGUST_RUN = datetime(2026, 9, 4, 9, tzinfo=UTC)
SEPTEMBER_RUN = datetime(2026, 10, 4, 9, tzinfo=UTC)
OCTOBER_RUN = datetime(2026, 11, 4, 9, tzinfo=UTC)

MINUTES: dict[str, Any] = {
    "filter": {"types": ["acme.lab.ended"]},
    "aggregation": "sum",
    "value_field": "minutes",
    "fields": {"minutes": "number", "site": "text"},
    "dimensions": ["site"],
    "unit": "minute",
}
LABS: dict[str, Any] = {
    "filter": {"types": ["acme.lab.started"]},
    "aggregation": "peak_concurrent",
    "closed_by": ["acme.lab.ended"],
    "longest_s": 86400,
    "unique_field": "lab",
    "fields": {"lab": "text"},
    "unit": "lab",
}


def charge(key: str, meter: str, unit: str) -> Charge:
    return Charge(key=key, name=key.title(), model="per_unit", meter=meter, prices=price(unit=Decimal(unit)))


@pytest.fixture
def books(db: Database, world: World) -> Books:
    for key, content in (("lab.minutes", MINUTES), ("lab.open", LABS)):
        with db.begin(TenantScope(VENDOR_ID)) as session:
            wanted = MeterInput(key, msgspec.convert(content, MeterDefinition))
            create_meter(session, VENDOR_ID, wanted, ACTOR, LONG_AGO)
    books = Books(db, world)
    by_site = Charge(
        key="sites", name="Sites", model="price_list", meter="lab.minutes@1", dimension="site",
        prices=price(entries={"north": Decimal(2)}, default=Decimal(1)),
    )  # fmt: skip
    books.plan("labs", charge("minutes", "lab.minutes@1", "0.10"), charge("labs", "lab.open@1", "5"), by_site)
    return books


def labs(books: Books, day: str, who: str, minutes: int, site: str = "south") -> list[dict[str, Any]]:
    lab = f"{who}-{day}"
    return [
        books.event("acme.lab.started", who, day, lab=lab),
        books.event("acme.lab.ended", who, f"{day}T12:00:00Z", f"end-{lab}", lab=lab, minutes=minutes, site=site),
    ]


def test_a_plan_charges_by_custom_meters_and_a_correction_of_a_billed_month_is_a_line_of_the_next(books, world):
    acme = world.tenant()
    books.subscribe(acme, "labs")
    ann, bob = labs(books, "2026-08-05", "ann", 120), labs(books, "2026-08-05", "bob", 30, "north")
    books.send(acme, *ann, *bob, now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    backfill_meters(books.db)

    # 150 minutes at 0.10; two labs at once, 5 each; 120 south at 1 and 30 north at 2.
    [august] = books.invoices(acme)
    assert lines(august) == [
        ("minutes", "usage", "150", "15.00"), ("labs", "usage", "2", "10.00"), ("sites", "usage", "150", "180.00"),
    ]  # fmt: skip

    with books.db.begin(TenantScope(acme.id)) as session:
        new = {"type": "acme.lab.ended", "time": "2026-08-05T12:00:00Z", "subject": "ann"}
        new["data"] = {"lab": "ann-2026-08-05", "minutes": 60, "site": "south"}
        wanted = CorrectionInput("suite", ann[1]["id"], "replace", "read wrongly", new)
        record_correction(session, acme.id, wanted, ACTOR, SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    # 90 minutes now: 9.00 less 15.00, and 60 + 60 less 180. The labs stay two at once.
    [_, september] = books.invoices(acme)
    assert [line for line in lines(september) if line[1] == "late"] == [
        ("minutes", "late", "60", "6.00"), ("sites", "late", "60", "60.00"),
    ]  # fmt: skip
    assert september.kind == "credit_note"


def test_a_late_closing_changes_the_month_in_which_it_was_opened(books, world):
    acme = world.tenant()
    books.subscribe(acme, "labs")
    first, second = labs(books, "2026-08-31", "ann", 1), labs(books, "2026-08-31", "bob", 1)
    # Bob begins at 13:00, when Ann's lab is closed, as is told only in October.
    second[0]["time"], second[1]["time"] = "2026-08-31T13:00:00Z", "2026-08-31T14:00:00Z"
    books.send(acme, first[0], *second, now=AUGUST_RUN)
    books.run(AUGUST_RUN)
    books.send(acme, first[1], now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    assert ("labs", "usage", "2", "10.00") in lines(books.invoices(acme)[0])
    # At most one at once after all: 5 given back, and one more minute for 0.10 and 1.
    assert ("labs", "late", "1", "5.00") in lines(books.invoices(acme)[1])


def test_a_plan_names_exact_versions_that_are_offered(books):
    for meter in ("lab.minutes", "lab.minutes@2", "nothing@1"):
        with pytest.raises(PlanInvalid) as refused:
            books.plan("other", charge("minutes", meter, "1"))
        assert [(fault.pointer, fault.code) for fault in refused.value.errors] == [
            ("/charges/0/meter", "meter_unknown")
        ]

    with books.db.begin(TenantScope(VENDOR_ID)) as session:
        retire_meter(session, VENDOR_ID, "lab.minutes@1", ACTOR, LONG_AGO)
    with pytest.raises(PlanInvalid):
        books.plan("other", charge("minutes", "lab.minutes@1", "1"))


def test_half_a_period_of_a_level_is_half_of_it_and_a_sum_is_what_was_summed(books, world):
    acme = world.tenant(time_zone="UTC")
    # From 16 to 30 September: 15 of 30 days.
    books.subscribe(acme, "labs", starts_on=datetime(2026, 9, 16, tzinfo=UTC).date())
    books.send(acme, *labs(books, "2026-09-20", "ann", 40), now=SEPTEMBER_RUN)
    books.run(SEPTEMBER_RUN)

    [september] = books.invoices(acme)
    assert lines(september)[:2] == [("minutes", "usage", "40", "4.00"), ("labs", "usage", "0.5", "2.50")]
