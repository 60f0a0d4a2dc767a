"""The published catalogue as a file's content."""

from collections import defaultdict

from sqlalchemy.orm import Session

from plans.files import CatalogueFile, FamilyEntry, PlanEntry
from plans.reads.catalogue import list_plans

__all__ = ("exported_catalogue",)


def exported_catalogue(session: Session) -> CatalogueFile:
    """Return all families and plans with the newest version that is sold; what is not sold any more is left out."""
    plans = [plan for plan in list_plans(session) if plan.newest is not None]
    names = {plan.family_key: plan.family_name for plan in plans}
    tiers: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for plan in plans:
        tiers[plan.family_key][plan.rank].append(plan.key)
    return CatalogueFile(
        families=tuple(
            FamilyEntry(key=key, name=name, tiers=tuple(tuple(tiers[key][rank]) for rank in sorted(tiers[key])))
            for key, name in names.items()
        ),
        plans={
            plan.key: PlanEntry(
                name=plan.name, kind="base" if plan.kind == "base" else "addon", document=plan.newest.document
            )
            for plan in plans
            if plan.newest is not None
        },
    )
