"""Bring in people, cost centres and who carries whom, in bulk."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.ids import new_id
from tenants.actions.record_audit import record_audit
from tenants.attribution import NOBODY
from tenants.errors import AssignmentOverlap, CostCentreCycle, CostCentreUnknown
from tenants.models import Assignment, IdentityKey, Person, PersonTrait
from tenants.organisation import Node, centre_fault, is_name, there_on, tree_faults
from tenants.people import AUDIENCES, NO_EVENT, PERSON_CLASSES
from tenants.reads import all_cost_centres
from tenants.reads.identities import spoken_of
from tenants.store import add_all, identities_by_key, last_recorded_assignments, lock_organisation, put_cost_centres

__all__ = (
    "SUBJECT",
    "AssignmentInput",
    "CostCentreInput",
    "PersonInput",
    "import_assignments",
    "import_cost_centres",
    "import_people",
)

SUBJECT = "subject"
"""The identity scheme of CloudEvents subjects: the person's key at the sender."""
TICK = timedelta(microseconds=1)
WEIGHTS = (Decimal("0.000001"), Decimal(1_000_000_000))
"""The least and the greatest weight of a share."""


@dataclass(frozen=True, slots=True)
class PersonInput:
    """A person by the key that events will name. Class and audience hold from `active_from` on."""

    key: str
    active_from: datetime
    name: str = ""
    email: str = ""
    person_class: str = "member"
    audience: str = "employee"


@dataclass(frozen=True, slots=True)
class CostCentreInput:
    """A node of the organisation tree for local dates `[valid_from, valid_to)`."""

    code: str
    name: str
    valid_from: date
    parent_code: str | None = None
    valid_to: date | None = None
    headcount: int | None = None


@dataclass(frozen=True, slots=True)
class AssignmentInput:
    """Who carries a person over local dates `[valid_from, valid_to)`; weights are normalised.

    `shares` maps cost-centre codes to weights > 0.
    """

    key: str
    valid_from: date
    shares: tuple[tuple[str, Decimal], ...]
    valid_to: date | None = field(default=None)


def import_people(
    session: Session, tenant_id: UUID, people: Sequence[PersonInput], actor: str, now: datetime
) -> dict[str, UUID]:
    """Create people that are not known by their key yet; known ones are left as they are.

    Returns:
        key → person, for all that were given.

    Raises:
        InvalidInput: a class or an audience is unknown, or a key is blank; nothing is written (`invalid_input`).
    """
    faults = [
        InputError(f"/{index}", "trait_unknown", f"Use a class of {PERSON_CLASSES} and an audience of {AUDIENCES}.")
        for index, person in enumerate(people)
        if person.person_class not in PERSON_CLASSES or person.audience not in AUDIENCES
    ]
    faults += [
        InputError(f"/{index}/key", "key_invalid", "Give a key that is not blank and has no line break in it.")
        for index, person in enumerate(people)
        if not is_name(person.key)
    ]
    if faults:
        raise InvalidInput(*faults[:100])
    unique = {person.key: person for person in people}
    known = identities_by_key(session, tenant_id, SUBJECT, list(unique))
    fresh = {key: (new_id(), person) for key, person in unique.items() if key not in known}
    add_all(session, Person, [
        {"tenant_id": tenant_id, "id": person_id, "external_id": key, "name": person.name, "email": person.email,
         "active_from": person.active_from}
        for key, (person_id, person) in fresh.items()
    ])  # fmt: skip
    add_all(session, IdentityKey, [
        {"tenant_id": tenant_id, "scheme": SUBJECT, "key": key, "home_person_id": person_id, "created_at": now}
        for key, (person_id, _) in fresh.items()
    ])  # fmt: skip
    made = identities_by_key(session, tenant_id, SUBJECT, list(fresh))
    add_all(session, PersonTrait, [
        {"tenant_id": tenant_id, "identity_id": made[key][0], "trait": trait, "valid_from": person.active_from,
         "event_key": NO_EVENT, "value": value}
        for key, (_, person) in fresh.items()
        for trait, value in (("class", person.person_class), ("audience", person.audience))
    ])  # fmt: skip
    detail = {"given": len(people), "created": len(fresh)}
    record_audit(session, tenant_id, actor, "import_people", ("tenant", str(tenant_id)), detail)
    return {key: person_id for key, (_, person_id) in (known | made).items()}


def import_cost_centres(session: Session, tenant_id: UUID, centres: Sequence[CostCentreInput], actor: str) -> None:
    """Create or change nodes of the tree.

    Raises:
        CostCentreUnknown: a parent does not exist on a node's first day (`cost_centre_unknown`).
        CostCentreCycle: the parents lead in a circle on some day (`cost_centre_cycle`).
        InvalidInput: a code is empty, too long or reserved (begins with ~), is there twice from one day on, or the
            dates run backwards (`invalid_input`).
    """
    faults = [
        InputError(f"/{index}", "cost_centre_invalid", fault)
        for index, centre in enumerate(centres)
        if (fault := centre_fault(centre.code, centre.name, centre.valid_from, centre.valid_to)) is not None
    ]
    told = Counter((centre.code, centre.valid_from) for centre in centres)
    faults += [
        InputError(f"/{index}", "row_twice", f"'{centre.code}' from {centre.valid_from} is there twice. Send it once.")
        for index, centre in enumerate(centres)
        if told[centre.code, centre.valid_from] > 1
    ]
    if faults:
        raise InvalidInput(*faults[:100])
    lock_organisation(session, tenant_id)
    _refuse_bad_tree(session, tenant_id, centres)
    put_cost_centres(session, [
        {"tenant_id": tenant_id, "code": centre.code, "name": centre.name, "parent_code": centre.parent_code,
         "valid_from": centre.valid_from, "valid_to": centre.valid_to, "headcount": centre.headcount}
        for centre in centres
    ])  # fmt: skip
    record_audit(session, tenant_id, actor, "import_cost_centres", ("tenant", str(tenant_id)), {"given": len(centres)})


def _refuse_bad_tree(session: Session, tenant_id: UUID, centres: Sequence[CostCentreInput]) -> None:
    given = {(centre.code, centre.valid_from) for centre in centres}
    nodes = [
        Node(one.code, one.parent_code, one.valid_from, one.valid_to)
        for one in all_cost_centres(session, tenant_id)
        if (one.code, one.valid_from) not in given
    ]
    nodes += [
        Node(one.code, one.parent_code, one.valid_from, one.valid_to, row) for row, one in enumerate(centres, start=1)
    ]
    for fault in tree_faults(nodes):
        raise (CostCentreCycle if fault.code == "cost_centre_cycle" else CostCentreUnknown)(fault.detail)


def import_assignments(
    session: Session, tenant_id: UUID, assignments: Sequence[AssignmentInput], actor: str, now: datetime,
    named: Collection[UUID] = (),
) -> None:  # fmt: skip
    """Record who carries whom from which day on; earlier statements stay readable as they were known.

    Within one call the spans of a person must not overlap; across calls the newest recording holds. Who was found to
    be somebody else is that one, unless that one is named too.

    Args:
        session: scoped to the tenant.
        tenant_id: whose people.
        assignments: by the keys of senders.
        actor: who says so.
        now: when it is said, in the tenant's time. On a clock that stands still a later call is a tick later.
        named: people of whom the same file speaks besides.

    Raises:
        InvalidInput: an unknown person, no shares, or a weight out of bounds (`invalid_input`).
        CostCentreUnknown: a centre does not exist on the first day (`cost_centre_unknown`).
        AssignmentOverlap: two spans of one person share a day (`assignment_overlap`).
    """
    known = identities_by_key(session, tenant_id, SUBJECT, sorted({item.key for item in assignments}))
    faults = [
        InputError(
            f"/{index}",
            "assignment_invalid",
            f"Name a known person and at least one centre, with weights of {WEIGHTS[0]} to {WEIGHTS[1]:,}.",
        )
        for index, item in enumerate(assignments)
        if item.key not in known or not item.shares or not all(_is_weight(weight) for _, weight in item.shares)
    ]
    if faults:
        raise InvalidInput(*faults[:100])
    _refuse_unknown_centres(session, tenant_id, assignments)
    spoken = spoken_of(session, tenant_id, {*named, *(home for _, home in known.values())})
    stated = [(spoken[known[item.key][1]], item) for item in assignments]
    _refuse_overlap(stated)
    starts = {(person, item.valid_from) for person, item in stated}
    rows: list[tuple[UUID, date, str, Decimal]] = [
        (person, item.valid_from, code, weight) for person, item in stated for code, weight in item.shares
    ]
    rows += [
        (person, item.valid_to, NOBODY, Decimal(1))
        for person, item in stated
        if item.valid_to is not None and (person, item.valid_to) not in starts
    ]
    before = last_recorded_assignments(session, tenant_id, {person for person, _ in stated})
    add_all(session, Assignment, [
        {"tenant_id": tenant_id, "person_id": person, "valid_from": day,
         "recorded_at": max(now, before[person] + TICK) if person in before else now,
         "cost_centre": code, "weight": weight}
        for person, day, code, weight in rows
    ])  # fmt: skip
    detail = {"given": len(assignments)}
    record_audit(session, tenant_id, actor, "import_assignments", ("tenant", str(tenant_id)), detail)


def _is_weight(weight: Decimal) -> bool:
    return weight.is_finite() and WEIGHTS[0] <= weight <= WEIGHTS[1]


def _refuse_unknown_centres(session: Session, tenant_id: UUID, assignments: Sequence[AssignmentInput]) -> None:
    there = there_on((one.code, one.valid_from, one.valid_to) for one in all_cost_centres(session, tenant_id))
    for item in assignments:
        for code, _ in item.shares:
            if not there(code, item.valid_from):
                raise CostCentreUnknown(
                    f"Cost centre '{code}' does not exist on {item.valid_from}. Create it first, or correct the date."
                )


def _refuse_overlap(stated: Sequence[tuple[UUID, AssignmentInput]]) -> None:
    spans: dict[UUID, list[tuple[date, date, str]]] = {}
    for person, item in stated:
        spans.setdefault(person, []).append((item.valid_from, item.valid_to or date.max, item.key))
    for items in spans.values():
        items.sort()
        for (start, end, _), (next_start, _, key) in pairwise(items):
            # An open span followed by a later one is a move: the later statement takes over.
            if start == next_start or (end != date.max and next_start < end):
                raise AssignmentOverlap(
                    f"Two assignments of '{key}' overlap on {next_start}. End the first one before the second begins."
                )
