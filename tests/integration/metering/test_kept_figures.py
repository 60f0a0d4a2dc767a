"""Kept figures are told while they hold, and never after."""

from datetime import UTC, datetime
from fractions import Fraction

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from core.clock import utc_now
from core.scope import TenantScope
from metering.actions.bind_policy import bind_policy
from metering.actions.prove_figures import prove_figures
from metering.policies import DEFAULT_POLICIES
from metering.reads import Measuring, Reading
from tests.builders.suite import Suite
from tests.builders.world import World

METER = "members.active"
MONTHS = ("2026-02", "2026-03", "2026-04")


class Pages:
    """A suite's tenant, whose pages ask for figures again and again."""

    def __init__(self, suite: Suite, database_url: str) -> None:
        self.suite, self.database_url = suite, database_url

    def read(self, meter: str = METER) -> list[Fraction]:
        with self.suite.db.begin(TenantScope(self.suite.tenant.id)) as session:
            measuring = Measuring(session, self.suite.tenant, Reading(now=utc_now()))
            return measuring.figures(meter, [self.suite.month(month) for month in MONTHS])

    def change(self, statement: str) -> None:
        """Change what is stored behind the product's back."""
        with psycopg.connect(self.database_url, autocommit=True) as admin:
            admin.execute(statement)

    def day_passes(self) -> None:
        """Let all that was recorded have been recorded a day earlier."""
        for table, column in (("fact", "accepted_at"), ("fact_key", "accepted_at"), ("kept_figure", "measured_at")):
            self.change(f"update {table} set {column} = {column} - interval '1 day'")

    def forge(self) -> None:
        """Make kept figures recognisable, so that it shows whether they are told."""
        self.change("update kept_figure set quantity = '77'")


@pytest.fixture
def pages(client: TestClient[Litestar], world: World, database_url: str) -> Pages:
    pages = Pages(Suite(client, world), database_url)
    pages.suite.tell("contribution.created", "ann", "2026-02-02 10:00", kind="post", object_id="1")
    pages.suite.tell("contribution.created", "ann", "2026-03-02 10:00", kind="post", object_id="2")
    pages.suite.tell("contribution.created", "bob", "2026-03-03 10:00", kind="post", object_id="3")
    pages.day_passes()
    assert pages.read() == [1, 2, 0]
    pages.day_passes()
    pages.forge()
    return pages


def test_a_kept_figure_is_told_again_while_nothing_changed(pages: Pages) -> None:
    assert pages.read() == [77, 77, 77]


def test_a_late_fact_has_its_own_and_later_periods_measured_again(pages: Pages) -> None:
    pages.suite.tell("contribution.created", "eve", "2026-03-31 23:59", kind="post", object_id="4")

    # February ended before it. Of the others none is what was kept: eve makes three in March.
    assert pages.read() == [77, 3, 0]


def test_a_correction_has_the_corrected_period_measured_again(pages: Pages) -> None:
    event = pages.suite.tell("contribution.created", "eve", "2026-04-01 00:00", kind="post", object_id="4")
    pages.day_passes()
    assert pages.read() == [77, 77, 1]
    pages.day_passes()

    pages.suite.correct(event, "void")

    assert pages.read() == [77, 77, 0]


def test_another_counting_policy_has_its_periods_measured_again(pages: Pages) -> None:
    twice = replace(DEFAULT_POLICIES, members=replace(DEFAULT_POLICIES.members, min_events=2))
    with pages.suite.db.begin(TenantScope(pages.suite.tenant.id)) as session:
        bind_policy(session, pages.suite.tenant.id, datetime(2026, 2, 28, 23, tzinfo=UTC), twice, utc_now())

    # From March on (midnight in Berlin) two acts make a member active: nobody did two.
    assert pages.read() == [77, 0, 0]


def test_a_merge_has_all_periods_measured_again(pages: Pages) -> None:
    pages.change(
        "insert into identity_link (tenant_id, identity_id, person_id, recorded_at)"
        " select b.tenant_id, b.id, a.home_person_id, now() from identity a, identity b"
        " where a.key = 'ann' and b.key = 'bob'"
    )

    assert pages.read() == [1, 1, 0]


def test_figures_that_held_are_confirmed_so_that_the_look_for_changes_stays_short(pages: Pages) -> None:
    pages.read()

    with psycopg.connect(pages.database_url) as admin:
        [(oldest,)] = admin.execute("select min(measured_at) from kept_figure").fetchall()
    assert (utc_now() - oldest).total_seconds() < 3600


def test_a_running_period_is_never_kept(pages: Pages) -> None:
    suite = pages.suite
    with suite.db.begin(TenantScope(suite.tenant.id)) as session:
        Measuring(session, suite.tenant, Reading(now=utc_now())).figures(METER, [suite.month(f"{utc_now():%Y-%m}")])

    with psycopg.connect(pages.database_url) as admin:
        [(kept,)] = admin.execute("select count(*) from kept_figure where ends_at > now()").fetchall()
    assert kept == 0


def test_proving_measures_all_anew_tells_what_differed_and_mends_it(pages: Pages) -> None:
    with pages.suite.db.begin(TenantScope(pages.suite.tenant.id)) as session:
        proof = prove_figures(session, pages.suite.tenant)

    assert proof.compared == 3
    assert [(found.told, found.measured) for found in proof.differences] == [(77, 1), (77, 2), (77, 0)]
    assert pages.read() == [1, 2, 0]
