"""Bring the published catalogue to what a file says; publish only what differs, all of it or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.scope import VENDOR_ID
from metering.reads import contract_meters
from plans.actions.publish_version import document_faults, publish_document
from plans.actions.retire_version import retire_version
from plans.differences import Difference, differences
from plans.files import CatalogueFile
from plans.reads.catalogue import PlanView, list_plans, versions
from plans.store import add_family, add_plan, set_rank
from plans.validation import named_in_full

__all__ = ("PlanDifference", "apply_catalogue", "diff_catalogue")


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """What a file would do to a plan."""

    plan_key: str
    what: Literal["new", "changed", "moved", "gone"]
    """`moved`: to another tier. `gone`: published, and not in the file; retired only if asked."""
    details: tuple[Difference, ...] = ()


def diff_catalogue(session: Session, file: CatalogueFile) -> tuple[PlanDifference, ...]:
    """Compare a file to what is published.

    Args:
        session: the vendor's scope or steward.
        file: read by `plans.files`.

    Returns:
        By plan in the file's order, then what is not in it; nothing where both are equal.

    Raises:
        InvalidInput: a document cannot be published, or a plan changes its name, kind or family; each
            fault with its pointer into the file (`invalid_input`).
    """
    published = {plan.key: plan for plan in list_plans(session)}
    faults = [fault for key in file.plans for fault in _faults(session, file, key, published.get(key))]
    if faults:
        raise InvalidInput(*faults)
    found: list[PlanDifference] = []
    meters = contract_meters(session, VENDOR_ID)
    for key, entry in file.plans.items():
        plan, document = published.get(key), named_in_full(entry.document, meters)
        if plan is None or plan.newest is None:
            found.append(PlanDifference(key, "new"))
            continue
        details = differences(plan.newest.document, document)
        if details or plan.newest.document != document:
            found.append(PlanDifference(key, "changed", details))
        if _moves(file, plan, published.values()):
            found.append(PlanDifference(key, "moved"))
    gone = [plan for plan in published.values() if plan.newest is not None and plan.key not in file.plans]
    return (*found, *(PlanDifference(plan.key, "gone") for plan in gone))


def apply_catalogue(
    session: Session, file: CatalogueFile, actor: str, now: datetime, *, retire: bool = False
) -> tuple[PlanDifference, ...]:
    """Publish what differs, in the caller's transaction; applying the same file again does nothing.

    Args:
        session: steward's.
        file: read by `plans.files`.
        actor: for the audit trail.
        now: the instant of publication.
        retire: stop selling what is not in the file; whoever holds it keeps it.

    Returns:
        What was done, as `diff_catalogue` tells it.

    Raises:
        InvalidInput: as `diff_catalogue`.
    """
    todo = diff_catalogue(session, file)
    for family in file.families:
        add_family(session, {"key": family.key, "name": family.name})
    for key, entry in file.plans.items():
        family, tier = file.place_of(key)
        row = {"key": key, "family_key": family.key, "name": entry.name, "kind": entry.kind, "rank": tier}
        add_plan(session, row)
        set_rank(session, key, tier)
    for one in todo:
        if one.what in ("new", "changed"):
            publish_document(session, one.plan_key, file.plans[one.plan_key].document, actor, now)
        elif one.what == "gone" and retire:
            for version in versions(session, one.plan_key):
                if version.retired_at is None:
                    retire_version(session, one.plan_key, version.number, actor, now)
    return todo if retire else tuple(one for one in todo if one.what != "gone")


def _faults(session: Session, file: CatalogueFile, key: str, plan: PlanView | None) -> Iterable[InputError]:
    entry, at = file.plans[key], f"/plans/{key}"
    for fault in document_faults(session, entry.document):
        yield InputError(f"{at}/document{fault.pointer}", fault.code, fault.detail)
    if plan is None:
        return
    family, _ = file.place_of(key)
    for name, said, known in (
        ("name", entry.name, plan.name),
        ("kind", entry.kind, plan.kind),
        ("family", family.key, plan.family_key),
    ):
        if said != known:
            yield InputError(
                f"{at}/{name}", "plan_identity_fixed", f"The {name} of '{key}' is '{known}' and stays: use another key."
            )


def _moves(file: CatalogueFile, plan: PlanView, published: Iterable[PlanView]) -> bool:
    """Tell whether the plan's tier among its family differs: ranks may have gaps, their order counts."""
    _, tier = file.place_of(plan.key)
    ranks = sorted({other.rank for other in published if other.family_key == plan.family_key and other.newest})
    return ranks.index(plan.rank) + 1 != tier
