"""Bring in people, cost centres and who carries whom from CSV: all of a file, or nothing with each bad row named."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.periods import day_start, local_date
from tenants.actions.deactivate_person import let_all_leave
from tenants.actions.import_people import (
    SUBJECT,
    AssignmentInput,
    PersonInput,
    import_assignments,
    import_people,
)
from tenants.actions.record_audit import record_audit
from tenants.actions.state_person import UNSAID_TRAITS, state_trait
from tenants.organisation import (
    FAULTS_MAX,
    CentreRow,
    Node,
    PersonRow,
    overlap_faults,
    read_centres,
    read_people,
    there_on,
    tree_faults,
)
from tenants.reads import TenantView, all_cost_centres, attribution
from tenants.reads.identities import spoken_of
from tenants.reads.people import people_by_id
from tenants.store import identities_by_key, last_traits, lock_organisation, put_cost_centres, set_person

__all__ = ("OrganisationImported", "import_centres_csv", "import_people_csv")


@dataclass(frozen=True, slots=True)
class OrganisationImported:
    """What a file did, or in a dry run would do: what it made, what it changed, and rows that say what is known."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int


def import_centres_csv(
    session: Session, tenant: TenantView, body: bytes, actor: str, *, dry_run: bool
) -> OrganisationImported:
    """Create or change the cost centres of a file; the same file again changes nothing.

    Raises:
        InvalidInput: rows are bad, name a parent that does not exist, or close a circle; nothing is
            written (`invalid_input`).
    """
    rows = read_centres(body)
    lock_organisation(session, tenant.id)
    known = {(one.code, one.valid_from): one for one in all_cost_centres(session, tenant.id)}
    given = {(row.code, row.valid_from) for row in rows}
    nodes = [Node(one.code, one.parent_code, *key[1:], one.valid_to) for key, one in known.items() if key not in given]
    faults = tree_faults([*nodes, *(Node(r.code, r.parent, r.valid_from, r.valid_to, r.row) for r in rows)])
    if faults:
        raise InvalidInput(*faults[:FAULTS_MAX])

    def is_known(row: CentreRow) -> bool:
        one = known.get((row.code, row.valid_from))
        return one is not None and (one.name, one.parent_code, one.valid_to, one.headcount) == (
            row.name, row.parent, row.valid_to, row.headcount,
        )  # fmt: skip

    fresh = [row for row in rows if not is_known(row)]
    changed = sum((row.code, row.valid_from) in known for row in fresh)
    if fresh and not dry_run:
        put_cost_centres(session, [
            {"tenant_id": tenant.id, "code": row.code, "name": row.name, "parent_code": row.parent,
             "valid_from": row.valid_from, "valid_to": row.valid_to, "headcount": row.headcount}
            for row in fresh
        ])  # fmt: skip
        detail = {"given": len(rows), "written": len(fresh)}
        record_audit(session, tenant.id, actor, "import_cost_centres", ("tenant", str(tenant.id)), detail)
    return OrganisationImported(dry_run, len(rows), len(fresh) - changed, changed, len(rows) - len(fresh))


def import_people_csv(
    session: Session, tenant: TenantView, body: bytes, actor: str, now: datetime, *, dry_run: bool
) -> OrganisationImported:
    """Create or change the people of a file, and record who carries whom; the same file again changes nothing.

    Of somebody who is known, the first row says what they are called and how they are reached now, and from now on
    their class and audience; what is left out stays. What a row says of cost centres is recorded where it differs
    from what holds on its first day. Whoever has an `active_to` has left at its begin.

    Raises:
        InvalidInput: rows are bad, name a centre that does not exist on the first day, overlap, or let somebody leave
            on a day to come; nothing is written (`invalid_input`).
    """
    rows = read_people(body)
    today = local_date(now, tenant.tz)
    ahead = [
        InputError(f"/{row.row}", "date_invalid", f"Row {row.row}: active_to is a day to come. Say it on that day.")
        for row in rows
        if row.active_to is not None and row.active_to > today
    ]
    if ahead:
        raise InvalidInput(*ahead[:FAULTS_MAX])
    homes = identities_by_key(session, tenant.id, SUBJECT, sorted({row.key for row in rows}))
    spoken = spoken_of(session, tenant.id, {home for _, home in homes.values()})
    known = {key: spoken[home] for key, (_, home) in homes.items()}
    _refuse_centres(session, tenant, rows, known)
    carried = attribution(session, tenant.id)

    def holds(row: PersonRow) -> bool:
        if row.cost_centre is None:
            return True
        person = known[row.key]
        first = dict(carried.shares(person, row.valid_from)) == {row.cost_centre: Fraction(1)}
        return first and (row.valid_to is None or row.cost_centre not in dict(carried.shares(person, row.valid_to)))

    fresh = [row for row in rows if row.key not in known]
    moved = [row for row in rows if row.key in known and not holds(row)]
    changes = _changes(session, tenant, rows, known)
    if (fresh or moved or changes) and not dry_run:
        people = [
            PersonInput(
                r.key, day_start(r.active_from, tenant.tz), r.name, r.email, r.person_class or "member",
                r.audience or "employee",
            )
            for r in reversed(fresh)  # of several rows of one person the first says who it is
        ]  # fmt: skip
        import_people(session, tenant.id, people, actor, now)
        named = {home for _, home in homes.values()}
        _assign(session, tenant, [row for row in (*fresh, *moved) if row.cost_centre is not None], named, actor, now)
        for change in changes:
            _change(session, tenant, change, actor, now)
        leaving = [*reversed(fresh), *(change.row for change in changes if change.leaves)]
        gone = {row.key: day_start(row.active_to, tenant.tz) for row in leaving if row.active_to is not None}
        let_all_leave(session, tenant.id, gone, actor, now)
    created = len({row.key for row in fresh})
    changed = {row.row for row in moved} | {change.row.row for change in changes}
    return OrganisationImported(dry_run, len(rows), created, len(changed), len(rows) - len(fresh) - len(changed))


@dataclass(frozen=True, slots=True)
class _Change:
    """What a row says of a known person otherwise than it is known."""

    row: PersonRow
    person_id: UUID
    values: dict[str, str]
    """Name and address."""
    traits: dict[str, str]
    """Class and audience."""
    leaves: bool


def _changes(
    session: Session, tenant: TenantView, rows: Sequence[PersonRow], known: Mapping[str, UUID]
) -> list[_Change]:  # fmt: skip
    first = {row.key: row for row in reversed(rows) if row.key in known}
    persons = {one.id: one for one in people_by_id(session, tenant.id, set(known.values()))}
    said = last_traits(session, tenant.id, set(known.values()))
    found = []
    for key, row in sorted(first.items()):
        person = persons[known[key]]
        values = {
            name: text
            for name, text, now in (("name", row.name, person.name), ("email", row.email, person.email))
            if text and text != now
        }
        traits = {
            trait: told
            for trait, told in (("class", row.person_class), ("audience", row.audience))
            if told is not None and told != said.get((person.id, trait), UNSAID_TRAITS[trait])
        }
        leaves = row.active_to is not None and person.active_to is None
        if values or traits or leaves:
            found.append(_Change(row, person.id, values, traits, leaves))
    return found


def _change(session: Session, tenant: TenantView, change: _Change, actor: str, now: datetime) -> None:
    if change.values:
        set_person(session, tenant.id, change.person_id, **change.values)
    for trait, value in change.traits.items():
        state_trait(session, tenant.id, change.person_id, trait, value, now)
    if change.values or change.traits:
        # Which fields, and not what they say: that is personal.
        told = {"changed": sorted((*change.values, *change.traits))}
        record_audit(session, tenant.id, actor, "import_people", ("person", str(change.person_id)), told)


def _assign(
    session: Session, tenant: TenantView, rows: list[PersonRow], named: Collection[UUID], actor: str, now: datetime
) -> None:
    given = [
        AssignmentInput(row.key, row.valid_from, ((row.cost_centre or "", Decimal(1)),), row.valid_to) for row in rows
    ]
    if given:
        import_assignments(session, tenant.id, given, actor, now, named)


def _refuse_centres(
    session: Session, tenant: TenantView, rows: list[PersonRow], known: Mapping[str, UUID]
) -> None:  # fmt: skip
    there = there_on((one.code, one.valid_from, one.valid_to) for one in all_cost_centres(session, tenant.id))
    faults = []
    assigned: dict[UUID | str, list[PersonRow]] = {}
    for row in rows:
        if row.cost_centre is None:
            continue
        if not there(row.cost_centre, row.valid_from):
            text = (
                f"Row {row.row}: cost centre '{row.cost_centre}' does not exist on {row.valid_from}. Import it first."
            )
            faults.append(InputError(f"/{row.row}", "cost_centre_unknown", text))
        # Two keys of one person are one person.
        assigned.setdefault(known.get(row.key, row.key), []).append(row)
    faults += overlap_faults(assigned.values())
    if faults:
        raise InvalidInput(*faults[:FAULTS_MAX])
