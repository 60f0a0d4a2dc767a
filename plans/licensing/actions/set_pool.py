"""Make a floating pool, or change its rules."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError
from metering.actions.bind_pool import bind_pool
from metering.leases import CountBy
from metering.reads import policies_at
from plans.licensing.errors import PoolInvalid, PoolKeyTaken, PoolUnknown
from plans.licensing.floating import LARGEST, PoolRules
from plans.licensing.reads import PoolView, find_pool
from plans.licensing.store import add_past_limit, add_pool, locked_in_use, put_pool
from tenants.actions.record_audit import record_audit
from tenants.reads import TenantView

__all__ = ("change_pool", "create_pool", "default_count_by")


def create_pool(
    session: Session, tenant: TenantView, name: str, rules: PoolRules, actor: str, now: datetime
) -> PoolView:
    """Make a pool; from today on its leases are its only feed of concurrency. The same again is the same pool.

    Raises:
        PoolInvalid: the rules contradict each other (`pool_invalid`).
        PoolKeyTaken: the key has other rules (`pool_key_taken`).
    """
    _check(rules)
    wanted = PoolView(name, rules, now)
    known = find_pool(session, tenant.id, rules.key)
    if known is not None:
        if (known.name, known.rules) != (name, rules):
            raise PoolKeyTaken(rules.key)
        return known
    bind_pool(session, tenant, rules.key, rules.count_by, now)
    state = {"tenant_id": tenant.id, "in_use": 0, "ceiling": rules.capacity, "clock_at": now}
    add_pool(session, {**_row(wanted), **state})
    record_audit(session, tenant.id, actor, "create_pool", ("pool", rules.key), _said(rules))
    return wanted


def change_pool(
    session: Session, tenant: TenantView, key: str, changes: dict[str, Any], actor: str, now: datetime
) -> PoolView:
    """Change a pool's rules from now on. A lowered limit drains: who is in stays in, nobody else gets in.

    Args:
        session: scoped to the tenant.
        tenant: whose.
        key: the pool's.
        changes: `name` and fields of `PoolRules`; neither `key` nor `count_by`.
        actor: who changes it.
        now: the tenant's time.

    Raises:
        PoolUnknown: there is no such pool (`not_found`).
        PoolInvalid: the rules would contradict each other (`pool_invalid`).
    """
    in_use = locked_in_use(session, tenant.id, key)
    known = find_pool(session, tenant.id, key)
    if known is None or in_use is None:
        raise PoolUnknown(key)
    named = dict(changes)
    name = named.pop("name", known.name)
    changed = PoolView(name, msgspec.structs.replace(known.rules, **named), now)
    _check(changed.rules)
    if known.changed_at < now:
        past = {"tenant_id": tenant.id, "pool": key, "since": known.changed_at, "seats": known.rules.seats}
        add_past_limit(session, past)
    fixed = {"key", "count_by"}
    row = {column: value for column, value in _row(changed).items() if column not in fixed}
    put_pool(session, tenant.id, key, row | {"ceiling": max(changed.rules.capacity, in_use)})
    record_audit(session, tenant.id, actor, "change_pool", ("pool", key), _said(changed.rules))
    return changed


def default_count_by(session: Session, tenant: TenantView, now: datetime) -> CountBy:
    """Return what counts once by the contract that is in force."""
    return policies_at(session, tenant.id, now).sessions.count_by


def _row(view: PoolView) -> dict[str, Any]:
    return {**_said(view.rules), "name": view.name, "changed_at": view.changed_at}


def _said(rules: PoolRules) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(rules)
    return said


def _check(rules: PoolRules) -> None:
    faults = []
    if rules.mode == "overdraft" and bool(rules.overdraft) == bool(rules.overdraft_percent):
        detail = "Give overdraft (seats) or overdraft_percent (of the limit): one of them, above 0."
        faults.append(InputError("/overdraft", "overdraft_unclear", detail))
    if rules.mode != "overdraft" and (rules.overdraft or rules.overdraft_percent):
        faults.append(InputError("/overdraft", "overdraft_unused", "Only the mode overdraft has an overdraft."))
    if rules.mode != "soft" and rules.capacity > LARGEST:
        faults.append(InputError("/seats", "seats_too_many", f"A pool has at most {LARGEST:,} seats."))
    kept = sum(share.least for share in rules.shares.values())
    if rules.mode != "soft" and kept > rules.capacity:
        detail = f"{kept} seats are kept for groups, the pool lets in {rules.capacity}. Keep fewer."
        faults.append(InputError("/groups", "groups_keep_too_many", detail))
    for group, share in rules.shares.items():
        if share.most is not None and share.most < share.least:
            detail = f"The group '{group}' is kept {share.least} seats and may have {share.most}."
            faults.append(InputError(f"/groups/{group}", "group_share_unclear", detail))
    if faults:
        raise PoolInvalid(*faults)
