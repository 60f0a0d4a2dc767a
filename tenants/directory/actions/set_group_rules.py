"""Say what a directory's groups stand for."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.signals import publish
from tenants.actions.record_audit import record_audit
from tenants.directory.actions.apply_groups import apply_groups, tell_pools
from tenants.directory.errors import RulesTooWide
from tenants.directory.reads import Rule, group_rules, groups_named, members_of
from tenants.directory.store import put_rules
from tenants.events import PoolsNamed
from tenants.people import AUDIENCES
from tenants.principal import Principal, require
from tenants.roles import GROUP_ROLES, Permission

__all__ = ("KINDS", "PEOPLE_MAX", "RULES_MAX", "set_group_rules")

KINDS = ("audience", "role", "pool")
RULES_MAX = 200
PEOPLE_MAX = 5_000
"""How many people one request may give and take audience, access and seats: some seconds' work."""


def set_group_rules(session: Session, tenant_id: UUID, rules: Sequence[Rule], who: Principal, now: datetime) -> None:
    """Replace all rules; who is in the groups whose rules change is given and taken what changes, from now on.

    Raises:
        Forbidden: rules that give a role change, and whoever changes them may not choose who comes in as what
            (`sso:write`): a key for webhooks must not make its holder an administrator (`forbidden`).
        RulesTooWide: more people than one request may change are in those groups (`directory_rules_too_wide`).
        InvalidInput: a kind or a target is unknown, there is no seat pool of a key that is named anew, two rules
            say the same thing of one group, or there are too many (`invalid_input`).
    """
    faults = _faults(rules)
    if faults:
        raise InvalidInput(*faults[:100])
    before, after = _said(group_rules(session, tenant_id)), _said(rules)
    if any(kind == "role" for _, kind, _ in before ^ after):
        require(who, Permission.SSO_WRITE)
    anew = {
        f"/rules/{index}/target": rule.target
        for index, rule in enumerate(rules)
        if rule.kind == "pool" and not _said([rule]) <= before
    }
    if anew:
        publish(session, PoolsNamed(tenant_id, anew))
    groups = groups_named(session, tenant_id, {name for name, _, _ in before ^ after})
    members = members_of(session, tenant_id, [group.id for group in groups])
    people = {user for users in members.values() for user in users}
    if len(people) > PEOPLE_MAX:
        raise RulesTooWide(len(people), PEOPLE_MAX)
    put_rules(session, tenant_id, [
        {"tenant_id": tenant_id, "name_key": rule.group.casefold(), "kind": rule.kind, "group_name": rule.group,
         "target": rule.target}
        for rule in rules
    ])  # fmt: skip
    record_audit(session, tenant_id, who.actor, "set_group_rules", ("tenant", str(tenant_id)), {"rules": len(rules)})
    for group in groups:
        inside, name = members.get(group.id, ()), group.display_name.casefold()
        tell_pools(session, tenant_id, _pools(before - after, name), {"left": inside}, now)
        tell_pools(session, tenant_id, _pools(after - before, name), {"joined": inside}, now)
    apply_groups(session, tenant_id, people, who.actor, now)


def _said(rules: Iterable[Rule]) -> set[tuple[str, str, str]]:
    return {(rule.group.casefold(), rule.kind, rule.target) for rule in rules}


def _pools(said: Iterable[tuple[str, str, str]], group: str) -> list[str]:
    return sorted(target for name, kind, target in said if name == group and kind == "pool")


def _faults(rules: Sequence[Rule]) -> list[InputError]:
    if len(rules) > RULES_MAX:
        return [InputError("/rules", "too_many", f"Use at most {RULES_MAX} rules.")]
    targets = {"audience": AUDIENCES, "role": tuple(str(role) for role in GROUP_ROLES)}
    faults, seen = [], set()
    for index, rule in enumerate(rules):
        where, allowed = f"/rules/{index}", targets.get(rule.kind, ())
        if not rule.group.strip() or not rule.target.strip():
            faults.append(InputError(where, "rule_incomplete", "Give the group's name and what it stands for."))
        elif rule.kind not in KINDS:
            faults.append(InputError(f"{where}/kind", "kind_unknown", f"Use one of {', '.join(KINDS)}."))
        elif allowed and rule.target not in allowed:
            faults.append(InputError(f"{where}/target", "target_unknown", f"Use one of {', '.join(allowed)}."))
        if (rule.group.casefold(), rule.kind) in seen:
            faults.append(InputError(where, "rule_twice", f"'{rule.group}' has two rules of the kind {rule.kind}."))
        seen.add((rule.group.casefold(), rule.kind))
    return faults
