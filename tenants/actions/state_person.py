"""What a directory says of somebody, dated by when it says so: class, audience, cost centre."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.actions.import_people import CostCentreInput, import_cost_centres
from tenants.attribution import NOBODY
from tenants.models import Assignment, PersonTrait
from tenants.people import DEFAULT_TRAITS, NO_EVENT
from tenants.reads import cost_centres, get_person
from tenants.reads.identities import identities_of_home
from tenants.store import add_all, last_recorded_assignment, last_trait

__all__ = ("UNSAID_TRAITS", "state_cost_centre", "state_trait")

TICK = timedelta(microseconds=1)
UNSAID_TRAITS = {"class": DEFAULT_TRAITS.person_class, "audience": DEFAULT_TRAITS.audience}
"""What holds of somebody of whom nothing was said."""


def state_trait(session: Session, tenant_id: UUID, person_id: UUID, trait: str, value: str, now: datetime) -> None:
    """Record a class or an audience that holds from now on; what held before is not changed.

    Where nothing was said yet, it is said that the default held until now: else the first word would
    hold for the past too, and closed periods would change.
    """
    identity_id = identities_of_home(session, tenant_id, person_id)[0]
    known = last_trait(session, tenant_id, person_id, trait)
    if (known.value if known else UNSAID_TRAITS[trait]) == value:
        return
    begun = get_person(session, tenant_id, person_id).active_from
    rows = [] if known or begun >= now else [(begun, UNSAID_TRAITS[trait])]
    rows.append((max(now, known.valid_from + TICK) if known else now, value))
    add_all(session, PersonTrait, [
        {"tenant_id": tenant_id, "identity_id": identity_id, "trait": trait, "valid_from": since,
         "event_key": NO_EVENT, "value": said}
        for since, said in rows
    ])  # fmt: skip


def state_cost_centre(
    session: Session, tenant_id: UUID, person_id: UUID, centre: tuple[str, str] | None, day: date, now: datetime,
    actor: str,
) -> None:  # fmt: skip
    """Record which cost centre, code and name, carries a person from a day on; None for none.

    A centre that does not exist on that day is created without a parent: its cost would else be lost
    among what nobody carries.

    Raises:
        InvalidInput: the code is reserved (`invalid_input`).
    """
    code = NOBODY
    if centre is not None:
        code = centre[0]
        if all(known.code != code for known in cost_centres(session, tenant_id, day)):
            import_cost_centres(session, tenant_id, [CostCentreInput(code, centre[1], day)], actor)
    before = last_recorded_assignment(session, tenant_id, person_id)
    recorded_at = max(now, before + TICK) if before else now
    add_all(session, Assignment, [
        {"tenant_id": tenant_id, "person_id": person_id, "valid_from": day, "recorded_at": recorded_at,
         "cost_centre": code, "weight": Decimal(1)}
    ])  # fmt: skip
