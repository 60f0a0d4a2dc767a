"""Order the plans of a family from light to full: what an upgrade is told by."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput, NotFound
from core.scope import VENDOR_ID
from plans.reads.catalogue import families, list_plans
from plans.store import set_rank
from tenants.actions.record_audit import record_audit

__all__ = ("order_family",)


def order_family(session: Session, family_key: str, tiers: Sequence[Sequence[str]], actor: str) -> None:
    """Set the tier of each plan of a family; contracts stay as they are.

    Args:
        session: steward's.
        family_key: which family.
        tiers: keys of its plans from light to full; alternatives share a tier.
        actor: who does it.

    Raises:
        NotFound: there is no such family (`not_found`).
        InvalidInput: a plan is missing, named twice, or none of the family's (`tiers_invalid`).
    """
    if family_key not in {family.key for family in families(session)}:
        raise NotFound("plan family", family_key)
    known = [plan.key for plan in list_plans(session, "base") if plan.family_key == family_key]
    named = [key for tier in tiers for key in tier]
    if sorted(named) != sorted(known):
        detail = f"Name each plan of the family once: {', '.join(known)}." if known else "The family has no plan yet."
        raise InvalidInput(InputError("/tiers", "tiers_invalid", detail))
    for rank, tier in enumerate([tier for tier in tiers if tier], 1):
        for key in tier:
            set_rank(session, key, rank)
    detail_told = {"tiers": [list(tier) for tier in tiers]}
    record_audit(session, VENDOR_ID, actor, "order_plan_family", ("plan_family", family_key), detail_told)
