"""The steps from an issued invoice to a posted run, as the tests of chargebacks take them."""

from uuid import UUID

import msgspec

from billing.chargebacks.actions.approve_run import approve_run
from billing.chargebacks.actions.create_pool_from_invoice import create_pool_from_invoice
from billing.chargebacks.actions.create_run import create_run
from billing.chargebacks.actions.post_run import post_run
from billing.chargebacks.actions.set_rules import set_rules
from billing.chargebacks.allocation import RuleDocument
from core.db import Database
from core.scope import TenantScope
from tenants.reads import TenantView
from tests.builders.world import ACTOR
from tests.integration.chargebacks.issued import NOVEMBER, issue

MAKER, APPROVER = UUID(int=101), UUID(int=102)
DIRECT = {"key": "usage", "method": "direct"}
HEADS = {"key": "heads", "method": "headcount"}


def documents(*rules):
    return msgspec.convert(list(rules), list[RuleDocument])


def prepared(db: Database, tenant: TenantView, *rules, lines=()):
    """Issue, pool, and set rules."""
    invoice_id = issue(db, tenant, *lines)
    with db.begin(TenantScope(tenant.id)) as session:
        pool = create_pool_from_invoice(session, tenant, invoice_id, ACTOR, NOVEMBER)
        if rules:
            set_rules(session, tenant, documents(*rules), ACTOR, NOVEMBER)
    return pool


def posted(db: Database, tenant: TenantView, period: str = "2026-10"):
    """Make, approve and post."""
    with db.begin(TenantScope(tenant.id)) as session:
        run = create_run(session, tenant, period, MAKER, NOVEMBER)
    with db.begin(TenantScope(tenant.id)) as session:
        approve_run(session, tenant.id, run.id, APPROVER, NOVEMBER)
    with db.begin(TenantScope(tenant.id)) as session:
        return post_run(session, tenant.id, run.id, ACTOR, NOVEMBER)


def amounts(found):
    return {(s.cost_centre, s.sums.net.currency): (s.sums.net.amount_minor, s.sums.tax.amount_minor) for s in found}
