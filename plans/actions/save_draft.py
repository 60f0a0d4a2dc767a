"""Save the draft of a plan's next version; faults are told, and refused only when it is published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput, NotFound
from core.scope import VENDOR_ID
from metering.reads import contract_meters
from plans.documents import PlanDocument
from plans.reads.catalogue import DraftView, draft, families, get_plan
from plans.store import put_draft
from plans.validation import named_in_full
from tenants.actions.record_audit import record_audit

__all__ = ("DraftInput", "PlanIdentity", "save_draft")


@dataclass(frozen=True, slots=True)
class PlanIdentity:
    """What a new plan is called and where it stands; of a plan that exists it cannot change."""

    name: str
    family_key: str
    kind: Literal["base", "addon"]
    rank: int


@dataclass(frozen=True, slots=True)
class DraftInput:
    """A draft; `identity` is needed for a plan of which there is neither version nor draft yet."""

    plan_key: str
    document: PlanDocument
    identity: PlanIdentity | None
    actor: str


def save_draft(session: Session, given: DraftInput, now: datetime) -> DraftView:
    """Create or replace the one draft that a plan has.

    Args:
        session: the vendor's scope or steward.
        given: the draft.
        now: when.

    Raises:
        InvalidInput: a new plan without name, family, kind and rank (`plan_identity_missing`) or in a family that
            there is not (`family_unknown`), or a key that is none (`plan_key_invalid`).
    """
    key_shape = given.plan_key.replace("-", "")
    if not key_shape.isascii() or not key_shape.isalnum() or key_shape != key_shape.lower() or given.plan_key == "base":
        fault = InputError("/key", "plan_key_invalid", "A plan key has lower-case letters, digits and '-' only.")
        raise InvalidInput(fault)
    identity = _identity(session, given)
    document = named_in_full(given.document, contract_meters(session, VENDOR_ID))
    put_draft(
        session,
        {
            "plan_key": given.plan_key,
            "family_key": identity.family_key,
            "name": identity.name,
            "kind": identity.kind,
            "rank": identity.rank,
            "document": msgspec.to_builtins(document),
            "updated_at": now,
            "updated_by": given.actor,
        },
    )
    record_audit(session, VENDOR_ID, given.actor, "save_plan_draft", ("plan", given.plan_key))
    saved = draft(session, given.plan_key)
    assert saved is not None, "the draft was written in this transaction"
    return saved


def _identity(session: Session, given: DraftInput) -> PlanIdentity:
    try:
        plan = get_plan(session, given.plan_key)
    except NotFound:
        saved = draft(session, given.plan_key) if given.identity is None else None
        if saved is not None:
            return PlanIdentity(saved.name, saved.family_key, "base" if saved.kind == "base" else "addon", saved.rank)
        if given.identity is None:
            fault = InputError(
                "/plan", "plan_identity_missing", f"'{given.plan_key}' is new: say name, family, kind and rank."
            )
            raise InvalidInput(fault) from None
        _refuse_unknown_family(session, given.identity.family_key)
        return given.identity
    return PlanIdentity(plan.name, plan.family_key, "base" if plan.kind == "base" else "addon", plan.rank)


def _refuse_unknown_family(session: Session, family_key: str) -> None:
    known = [family.key for family in families(session)]
    if family_key not in known:
        detail = (
            f"There is no plan family '{family_key}'. Use one of {', '.join(known)}, or"
            if known
            else (f"There is no plan family '{family_key}' yet:")
        )
        fault = InputError("/plan/family", "family_unknown", f"{detail} create it with POST /v1/plan-families.")
        raise InvalidInput(fault)
