"""Who somebody is and who carries them, as known when."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.db import Database
from core.errors import InvalidInput
from core.scope import TenantScope
from tenants.actions.import_people import AssignmentInput, CostCentreInput, import_assignments, import_cost_centres
from tenants.errors import AssignmentOverlap, CostCentreCycle, CostCentreUnknown
from tenants.reads import attribution, cost_centres, people
from tests.builders.world import ACTOR, World, bearer

NEWS = datetime(2026, 3, 20, tzinfo=UTC)
KNOWN = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_backdated_move_is_there_for_the_days_it_names_and_unknown_before_it_was_recorded(
    db: Database, world: World
) -> None:
    acme = world.tenant()
    ann = world.people(acme, "ann")["ann"]
    world.cost_centres(acme, "hr", "sales")
    world.assign(acme, "ann", recorded_at=KNOWN, hr=1)
    world.assign(acme, "ann", valid_from=date(2026, 3, 10), recorded_at=NEWS, sales=1)

    with db.begin(TenantScope(acme.id)) as session:
        now, before = attribution(session, acme.id), attribution(session, acme.id, KNOWN)

    assert now.shares(ann, date(2026, 3, 9)) == (("hr", Fraction(1)),)
    assert now.shares(ann, date(2026, 3, 10)) == (("sales", Fraction(1)),)
    assert before.shares(ann, date(2026, 3, 10)) == (("hr", Fraction(1)),)


def test_weights_are_normalised_and_days_after_the_end_are_unassigned(db: Database, world: World) -> None:
    acme = world.tenant()
    ann = world.people(acme, "ann")["ann"]
    world.cost_centres(acme, "hr", "sales")
    with db.begin(TenantScope(acme.id)) as session:
        span = AssignmentInput("ann", date(2026, 1, 1), (("hr", Decimal(1)), ("sales", Decimal(2))), date(2026, 2, 1))
        import_assignments(session, acme.id, [span], ACTOR, KNOWN)
        known = attribution(session, acme.id)

    assert known.shares(ann, date(2026, 1, 31)) == (("hr", Fraction(1, 3)), ("sales", Fraction(2, 3)))
    assert known.shares(ann, date(2026, 2, 1)) == ()
    assert known.segments(ann, date(2026, 1, 30), date(2026, 2, 3)) == (
        (date(2026, 1, 30), date(2026, 2, 1), (("hr", Fraction(1, 3)), ("sales", Fraction(2, 3)))),
        (date(2026, 2, 1), date(2026, 2, 3), ()),
    )


def test_overlapping_assignments_are_refused_and_nothing_is_written(db: Database, world: World) -> None:
    acme = world.tenant()
    world.people(acme, "ann")
    world.cost_centres(acme, "hr")
    share = (("hr", Decimal(1)),)
    spans = [
        AssignmentInput("ann", date(2026, 1, 1), share, date(2026, 2, 1)),
        AssignmentInput("ann", date(2026, 1, 15), share),
    ]

    with pytest.raises(AssignmentOverlap, match="2026-01-15"), db.begin(TenantScope(acme.id)) as session:
        import_assignments(session, acme.id, spans, ACTOR, KNOWN)

    with db.begin(TenantScope(acme.id)) as session:
        assert attribution(session, acme.id).headcount(date(2026, 1, 20)) == {}


@pytest.mark.parametrize(
    ("share", "status"),
    [
        *((share, 422) for share in ("NaN", "sNaN", "Infinity", "-1", "0", "1e-400", "0.0000000001", "1e30")),
        ("0.000001", 201), ("1000000000", 201),
    ],
)  # fmt: skip
def test_a_weight_is_a_number_that_shares_can_be_made_of(
    client: TestClient[Litestar], world: World, share: str, status: int
) -> None:
    acme = world.tenant()
    world.people(acme, "ann")
    world.cost_centres(acme, "hr", "sales")
    body = [{"key": "ann", "valid_from": "2026-01-01", "shares": {"hr": share, "sales": "1"}}]

    answer = client.post("/v1/assignments", json=body, headers=bearer(world.key("tenant_admin", acme)))

    assert answer.status_code == status
    if status == 422:
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/0", "assignment_invalid")]


def test_unknown_people_centres_and_circles_are_refused(db: Database, world: World) -> None:
    acme = world.tenant()
    world.people(acme, "ann")
    day, share = date(2026, 1, 1), (("hr", Decimal(1)),)
    with db.begin(TenantScope(acme.id)) as session:
        with pytest.raises(InvalidInput):
            import_assignments(session, acme.id, [AssignmentInput("bob", day, share)], ACTOR, KNOWN)
        with pytest.raises(CostCentreUnknown):
            import_assignments(session, acme.id, [AssignmentInput("ann", day, share)], ACTOR, KNOWN)
        with pytest.raises(CostCentreCycle):
            import_cost_centres(
                session, acme.id, [CostCentreInput("a", "A", day, "b"), CostCentreInput("b", "B", day, "a")], ACTOR
            )
        assert cost_centres(session, acme.id, day) == ()


def test_traits_hold_from_their_date_on_and_the_first_one_before_it(db: Database, world: World) -> None:
    acme = world.tenant()
    world.people(acme, "ann", active_from=datetime(2026, 3, 1, tzinfo=UTC), audience="partner")

    with db.begin(TenantScope(acme.id)) as session:
        known = people(session, acme.id)

    (identity,) = known.identities()
    assert known.traits(identity, datetime(2026, 1, 1, tzinfo=UTC)).audience == "partner"
    assert known.traits(identity, datetime(2026, 4, 1, tzinfo=UTC)).person_class == "member"
