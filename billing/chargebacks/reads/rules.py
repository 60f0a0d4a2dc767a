"""Versions of the rules."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.chargebacks.allocation import RuleDocument, sentence
from billing.chargebacks.models import ChargebackRule, ChargebackRuleSet
from billing.chargebacks.snapshots import rules_of
from billing.chargebacks.views import RuleSetView, RuleView

__all__ = ("current_rules", "rule_views")


def current_rules(session: Session, tenant_id: UUID) -> RuleSetView | None:
    """Return the newest version of the tenant's rules, None before the first."""
    row = session.execute(
        select(
            ChargebackRuleSet.id, ChargebackRuleSet.version, ChargebackRuleSet.created_by, ChargebackRuleSet.created_at
        )
        .where(ChargebackRuleSet.tenant_id == tenant_id)
        .order_by(ChargebackRuleSet.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    rules = session.execute(
        select(
            ChargebackRule.key,
            ChargebackRule.method,
            ChargebackRule.share,
            ChargebackRule.match,
            ChargebackRule.params,
        )
        .where(ChargebackRule.tenant_id == tenant_id, ChargebackRule.rule_set_id == row.id)
        .order_by(ChargebackRule.position)
    )
    documents = [dict(rule) for rule in rules.mappings()]
    return RuleSetView(row.id, row.version, row.created_by, row.created_at, rule_views(documents))


def rule_views(documents: Any) -> tuple[RuleView, ...]:
    """Return stored rules with their sentences, in their order."""
    written = msgspec.convert(documents, list[RuleDocument])
    read = rules_of(documents)
    return tuple(
        RuleView(position, document, sentence(rule))
        for position, (document, rule) in enumerate(zip(written, read, strict=True), start=1)
    )
