"""Say what serving a contract costs from a day on, and take that back."""

from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from billing.costs.reads import CostsView, get_costs
from billing.costs.store import delete_sheet, put_sheet
from core.errors import InputError
from core.scope import VENDOR_ID
from plans.actions.publish_version import document_faults, sound
from plans.documents import PlanDocument, document_hash
from plans.errors import PlanInvalid
from tenants.actions.record_audit import record_audit

__all__ = ("cost_faults", "drop_costs", "set_costs")

_NOT_COSTS = ("features", "policies", "discounts", "commitments", "credits")


def cost_faults(session: Session, document: PlanDocument) -> list[InputError]:
    """Return every fault of a sheet, each with its pointer: a plan's, and what is no cost."""
    detail = "A sheet of costs says charges only: how a meter counts, the customer's own plan says."
    told = [InputError(f"/{name}", "costs_are_charges", detail) for name in _NOT_COSTS if getattr(document, name)]
    return told + document_faults(session, document)


def set_costs(session: Session, valid_from: date, document: PlanDocument, actor: str, now: datetime) -> CostsView:
    """Set what serving a contract costs from a day on, until the next sheet's day.

    Args:
        session: steward's.
        valid_from: the first day.
        document: charges, each with its price in every currency that is sold in.
        actor: who says so.
        now: when.

    Raises:
        PlanInvalid: the document has faults, each with its pointer (`plan_invalid`).
    """
    faults = cost_faults(session, document)
    if faults:
        raise PlanInvalid(*faults)
    document = sound(session, document)
    put_sheet(
        session,
        {"valid_from": valid_from, "document": msgspec.to_builtins(document), "set_by": actor, "set_at": now},
    )
    detail = {"content_sha256": document_hash(document).hex()}
    record_audit(session, VENDOR_ID, actor, "set_costs", ("cost_sheet", str(valid_from)), detail)
    return get_costs(session, valid_from)


def drop_costs(session: Session, valid_from: date, actor: str) -> None:
    """Drop the sheet of a day: the one before it goes on.

    Raises:
        NotFound: no sheet begins on that day (`not_found`).
    """
    dropped = get_costs(session, valid_from)
    delete_sheet(session, valid_from)
    detail = {"content_sha256": document_hash(dropped.document).hex()}
    record_audit(session, VENDOR_ID, actor, "drop_costs", ("cost_sheet", str(valid_from)), detail)
