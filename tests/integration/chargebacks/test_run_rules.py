"""Rules of a chargeback: tried out, set, refused, and kept with the run that they made."""

import pytest

from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.preview_run import preview_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.errors import (
    CostCentreUnknown,
    DriverSumZero,
    SharesNotOne,
)
from billing.chargebacks.reads import (
    current_rules,
    explain_statement,
    sankey,
)
from core.db import Database
from core.scope import TenantScope
from tenants.reads import TenantView
from tests.builders.world import ACTOR
from tests.integration.chargebacks.issued import NOVEMBER, Billed
from tests.integration.chargebacks.steps import DIRECT, HEADS, MAKER, amounts, documents, posted, prepared


def test_rules_can_be_tried_out_before_they_count(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(900, counted={"A": 1})])

    with db.begin(TenantScope(acme.id)) as session:
        tried = preview_run(session, acme, "2026-10", documents({"key": "even", "method": "even"}))
        assert current_rules(session, acme.id).rules[0].document.key == "usage"

    assert amounts(tried.statements) == {("A", "EUR"): (300, 57), ("B", "EUR"): (300, 57), ("C", "EUR"): (300, 57)}


def test_a_posted_run_is_explained_by_its_own_rules_after_they_changed(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, counted={"A": 1})])
    run = posted(db, acme)
    with db.begin(TenantScope(acme.id)) as session:
        changed = set_rules(session, acme, documents({"key": "even", "method": "even"}), ACTOR, NOVEMBER)
        assert changed.version == 2
        (chart,) = sankey(session, acme.id, run.id)
        found = explain_statement(session, acme.id, run.statements[0].id)

    assert {node.label for node in chart.nodes} == {"members usage", "usage", "A"}
    assert [part.rule for line in found.lines for part in line.parts] == ["usage"]


def test_the_same_rules_again_make_no_new_version(db: Database, acme: TenantView) -> None:
    with db.begin(TenantScope(acme.id)) as session:
        first = set_rules(session, acme, documents(DIRECT, HEADS), ACTOR, NOVEMBER)
        assert set_rules(session, acme, documents(DIRECT, HEADS), ACTOR, NOVEMBER) == first
        assert set_rules(session, acme, documents(HEADS), ACTOR, NOVEMBER).version == 2


def test_wrong_rules_are_refused_and_nothing_is_stored(db: Database, acme: TenantView) -> None:
    shares = {"key": "fix", "method": "fixed_share", "params": {"shares": {"A": "0.5", "B": "0.4"}}}
    with pytest.raises(SharesNotOne), db.begin(TenantScope(acme.id)) as session:
        set_rules(session, acme, documents(shares), ACTOR, NOVEMBER)
    unknown = {"key": "fix", "method": "fixed_share", "params": {"shares": {"X": "1"}}}
    with pytest.raises(CostCentreUnknown), db.begin(TenantScope(acme.id)) as session:
        set_rules(session, acme, documents(unknown), ACTOR, NOVEMBER)
    with db.begin(TenantScope(acme.id)) as session:
        assert current_rules(session, acme.id) is None


def test_drivers_that_sum_to_zero_are_refused_by_the_run(db: Database, acme: TenantView) -> None:
    prepared(db, acme, DIRECT, lines=[Billed(100, meter="contributions")])

    # Nothing was counted for the line, and nobody contributed in October.
    with pytest.raises(DriverSumZero), db.begin(TenantScope(acme.id)) as session:
        create_run(session, acme, "2026-10", MAKER, NOVEMBER)
