"""Set the rules: every change is another version, what ran by the old ones stays as it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from billing.chargebacks.allocation import Rule, RuleDocument, faults, read_rules
from billing.chargebacks.errors import refuse_input
from billing.chargebacks.models import ChargebackRule, ChargebackRuleSet
from billing.chargebacks.reads import RuleSetView, codes_on, current_rules
from billing.chargebacks.store import add_all, last_version
from core.errors import InputError, NotFound
from core.ids import new_id
from core.periods import local_date
from metering.reads import contract_meters
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView, find_tenant

__all__ = ("checked_rules", "meters_of", "set_rules")


def set_rules(
    session: Session, tenant: TenantView, documents: Sequence[RuleDocument], actor: str, now: datetime
) -> RuleSetView:
    """Replace the tenant's rules by these, in their order.

    The same rules again make no new version.

    Args:
        session: scoped to the tenant.
        tenant: whose rules.
        documents: all rules; `match.consumer` may name tenants by id or slug.
        actor: for the audit trail.
        now: the tenant's time; cost centres must exist on its local day.

    Raises:
        SharesNotOne: fixed shares don't sum to 1 (`shares_not_one`).
        CostCentreUnknown: a rule names a centre that does not exist (`cost_centre_unknown`).
        InvalidInput: anything else, or several kinds of fault, each by its pointer (`invalid_input`).
    """
    wanted = _with_slugs(session, documents)
    checked_rules(wanted, codes_on(session, tenant.id, local_date(now, tenant.tz)), meters_of(session, tenant.id))
    version = last_version(session, tenant.id)
    before = current_rules(session, tenant.id)
    if before is not None and [rule.document for rule in before.rules] == wanted:
        return before
    _write(session, tenant, wanted, (version + 1, actor, now))
    made = current_rules(session, tenant.id)
    assert made is not None
    target = ("chargeback_rule_set", str(made.id))
    record_audit(session, tenant.id, actor, "set_chargeback_rules", target, {"version": made.version})
    return made


def meters_of(session: Session, tenant_id: UUID) -> frozenset[str]:
    """Return the meters that rules may name: built-in ones, custom ones by their exact names."""
    return frozenset(contract_meters(session, tenant_id))


def checked_rules(
    documents: Sequence[RuleDocument], centres: frozenset[str], meters: frozenset[str]
) -> tuple[Rule, ...]:
    """Read rules and refuse what is wrong with them.

    Raises:
        InvalidInput: as `set_rules` says.
    """
    rules, errors = read_rules(documents)
    refuse_input(errors)
    refuse_input(faults(rules, centres, meters))
    return rules


def _with_slugs(session: Session, documents: Sequence[RuleDocument]) -> list[RuleDocument]:
    found: list[RuleDocument] = []
    for position, document in enumerate(documents):
        try:
            slugs = tuple(find_tenant(session, key).slug for key in document.match.consumer)
        except NotFound as error:
            refuse_input([InputError(f"/rules/{position}/match/consumer", "consumer_unknown", error.detail)])
            raise
        match = msgspec.structs.replace(document.match, consumer=slugs)
        found.append(msgspec.structs.replace(document, match=match))
    return found


def _write(
    session: Session, tenant: TenantView, documents: Sequence[RuleDocument], made: tuple[int, str, datetime]
) -> None:
    version, actor, now = made
    rule_set_id = new_id()
    head = {"tenant_id": tenant.id, "id": rule_set_id, "version": version, "created_by": actor, "created_at": now}
    add_all(session, ChargebackRuleSet, [head])
    rows: list[dict[str, Any]] = [
        {"tenant_id": tenant.id, "rule_set_id": rule_set_id, "position": position, **msgspec.to_builtins(document)}
        for position, document in enumerate(documents, start=1)
    ]
    add_all(session, ChargebackRule, rows)
