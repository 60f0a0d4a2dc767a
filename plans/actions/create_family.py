"""Create a plan family: plans that are ordered from light to full."""

import re
from typing import Final

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.scope import VENDOR_ID
from plans.errors import FamilyTaken
from plans.reads.catalogue import FamilyView
from plans.store import add_family
from tenants.actions.record_audit import record_audit

__all__ = ("create_family",)

SHAPE: Final = re.compile("[a-z0-9][a-z0-9-]*")


def create_family(session: Session, family: FamilyView, actor: str) -> FamilyView:
    """Create a family.

    Args:
        session: steward's.
        family: key and name.
        actor: who does it.

    Raises:
        InvalidInput: the key is none (`invalid_input`).
        FamilyTaken: there is one of that key (`family_taken`).
    """
    if not SHAPE.fullmatch(family.key):
        fault = InputError("/key", "family_key_invalid", "A family key has lower-case letters, digits and '-' only.")
        raise InvalidInput(fault)
    if not add_family(session, {"key": family.key, "name": family.name}):
        raise FamilyTaken(family.key)
    record_audit(session, VENDOR_ID, actor, "create_plan_family", ("plan_family", family.key))
    return family
