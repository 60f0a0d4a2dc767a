"""Change what a tenant's statements mean, and whom their accounts name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError
from metering.errors import XapiRuleInvalid, XapiRuleNotFound
from metering.store import delete_xapi_directory, delete_xapi_rule, put_xapi_directory, put_xapi_rule
from metering.xapi.faults import MAX_LENGTH, row_faults
from metering.xapi.rules import MappingRule
from metering.xapi.values import is_iri
from tenants.actions.record_audit import record_audit

__all__ = ("RuleInput", "add_directory", "put_rule", "remove_directory", "remove_rule")


@dataclass(frozen=True, slots=True)
class RuleInput:
    """A row, who wants it, and the tenant's time."""

    rule: MappingRule
    actor: str
    now: datetime


def put_rule(session: Session, tenant_id: UUID, wanted: RuleInput) -> None:
    """Add a row, or put it in the place of the one of the same verb and activity type.

    Raises:
        XapiRuleInvalid: every fault: verb or activity type are no IRIs, or the event cannot be made of it
            (`xapi_rule_invalid`).
    """
    rule = wanted.rule
    faults = row_faults(rule)
    if faults:
        raise XapiRuleInvalid(*faults)
    put_xapi_rule(session, {
        "tenant_id": tenant_id, "verb": rule.verb, "activity_type": rule.activity_type,
        "event_type": rule.event_type, "data": dict(rule.data), "changed_at": wanted.now,
    })  # fmt: skip
    detail = {"activity_type": rule.activity_type, "event_type": rule.event_type}
    record_audit(session, tenant_id, wanted.actor, "put_xapi_rule", ("xapi_rule", rule.verb), detail)


def remove_rule(session: Session, tenant_id: UUID, verb: str, activity_type: str, actor: str) -> None:
    """Remove a row.

    Raises:
        XapiRuleNotFound: the tenant has none of these (`xapi_rule_not_found`).
    """
    if not delete_xapi_rule(session, tenant_id, verb, activity_type):
        raise XapiRuleNotFound(f"{verb} {activity_type}")
    detail = {"activity_type": activity_type}
    record_audit(session, tenant_id, actor, "remove_xapi_rule", ("xapi_rule", verb), detail)


def add_directory(session: Session, tenant_id: UUID, home_page: str, actor: str, now: datetime) -> None:
    """Take the account names of a home page for the tenant's own keys of people.

    Raises:
        XapiRuleInvalid: it is no IRI (`xapi_rule_invalid`).
    """
    if len(home_page) > MAX_LENGTH or not is_iri(home_page):
        detail = "'home_page' must be an IRI with a scheme, as the accounts of statements have it."
        raise XapiRuleInvalid(InputError("/home_page", "iri_invalid", detail))
    put_xapi_directory(session, {"tenant_id": tenant_id, "home_page": home_page, "created_at": now})
    record_audit(session, tenant_id, actor, "add_xapi_directory", ("xapi_directory", home_page))


def remove_directory(session: Session, tenant_id: UUID, home_page: str, actor: str) -> None:
    """Take them for names of another system again.

    Raises:
        XapiRuleNotFound: the tenant has not named it (`xapi_rule_not_found`).
    """
    if not delete_xapi_directory(session, tenant_id, home_page):
        raise XapiRuleNotFound(home_page)
    record_audit(session, tenant_id, actor, "remove_xapi_directory", ("xapi_directory", home_page))
