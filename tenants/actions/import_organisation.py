"""Bring in people, cost centres and who carries whom from CSV: all of a file, or nothing with each bad row named."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.orm import Session

from core.errors import InputError, InvalidInput
from core.periods import day_start
from tenants.actions.import_people import (
    SUBJECT,
    AssignmentInput,
    PersonInput,
    import_assignments,
    import_people,
)
from tenants.actions.record_audit import record_audit
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
from tenants.store import identities_by_key, lock_organisation, put_cost_centres

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
    """Create people of a file who are not known, and record who carries whom; the same file again changes nothing.

    Somebody who is known stays as they are; what their row says of cost centres is recorded where it
    differs from what holds on its first day.

    Raises:
        InvalidInput: rows are bad, name a centre that does not exist on the first day, or overlap;
            nothing is written (`invalid_input`).
    """
    rows = read_people(body)
    _refuse_centres(session, tenant, rows)
    known = identities_by_key(session, tenant.id, SUBJECT, sorted({row.key for row in rows}))
    carried = attribution(session, tenant.id)

    def holds(row: PersonRow) -> bool:
        if row.cost_centre is None:
            return True
        person = known[row.key][1]
        first = dict(carried.shares(person, row.valid_from)) == {row.cost_centre: Fraction(1)}
        return first and (row.valid_to is None or row.cost_centre not in dict(carried.shares(person, row.valid_to)))

    fresh = [row for row in rows if row.key not in known]
    moved = [row for row in rows if row.key in known and not holds(row)]
    if (fresh or moved) and not dry_run:
        people = [
            PersonInput(r.key, day_start(r.active_from, tenant.tz), r.name, r.email, r.person_class, r.audience)
            for r in reversed(fresh)  # of several rows of one person the first says who it is
        ]
        import_people(session, tenant.id, people, actor, now)
        _assign(session, tenant, [row for row in (*fresh, *moved) if row.cost_centre is not None], actor, now)
    created = len({row.key for row in fresh})
    return OrganisationImported(dry_run, len(rows), created, len(moved), len(rows) - len(fresh) - len(moved))


def _assign(session: Session, tenant: TenantView, rows: list[PersonRow], actor: str, now: datetime) -> None:
    given = [
        AssignmentInput(row.key, row.valid_from, ((row.cost_centre or "", Decimal(1)),), row.valid_to) for row in rows
    ]
    if given:
        import_assignments(session, tenant.id, given, actor, now)


def _refuse_centres(session: Session, tenant: TenantView, rows: list[PersonRow]) -> None:
    there = there_on((one.code, one.valid_from, one.valid_to) for one in all_cost_centres(session, tenant.id))
    faults = []
    assigned: dict[str, list[PersonRow]] = {}
    for row in rows:
        if row.cost_centre is None:
            continue
        if not there(row.cost_centre, row.valid_from):
            text = (
                f"Row {row.row}: cost centre '{row.cost_centre}' does not exist on {row.valid_from}. Import it first."
            )
            faults.append(InputError(f"/{row.row}", "cost_centre_unknown", text))
        assigned.setdefault(row.key, []).append(row)
    faults += overlap_faults(assigned.values())
    if faults:
        raise InvalidInput(*faults[:FAULTS_MAX])
