"""GET /v1/people/{key}: one person, by whatever they are called."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, get
from msgspec import Struct
from sqlalchemy.orm import Session

from core.periods import local_date
from tenants.principal import Principal, require
from tenants.reads import TenantView, attribution, people_standing_for, tenant_now
from tenants.reads.finding import find_people, unknown_person
from tenants.reads.identities import merged_people
from tenants.reads.people_list import sender_keys
from tenants.roles import Permission

__all__ = ("PersonController",)


class CarriedBy(Struct):
    """A cost centre, and its part as a fraction of 1 (`1/3`)."""

    cost_centre: str
    share: str


class PersonDetail(Struct):
    """A person as known now: `also` is who was found to be them, whose keys are among `keys`."""

    id: UUID
    external_id: str | None
    name: str
    email: str
    active_from: datetime
    active_to: datetime | None
    person_class: str
    audience: str
    keys: list[str]
    also: list[UUID]
    carried_by: list[CarriedBy]
    """Today; nothing where nobody carries them."""


class PersonController(Controller):
    """One person."""

    path = "/v1/people"
    tags = ("people",)

    @get("/{key:str}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, key: str) -> PersonDetail:
        """Show a person by id, a key of a sender, external id or e-mail address; who was merged is the survivor."""
        require(principal, Permission.PEOPLE_READ)
        person = find_people(session, tenant.id, [key]).get(key)
        if person is None:
            raise unknown_person(session, tenant.id, key)
        now = tenant_now(session, tenant)
        traits = people_standing_for(session, tenant.id, [person.id]).traits_of(person.id, now)
        also = sorted(one for one, survivor in merged_people(session, tenant.id).items() if survivor == person.id)
        keys = sender_keys(session, tenant.id, [person.id, *also])
        carried = attribution(session, tenant.id, among=[person.id]).shares(person.id, local_date(now, tenant.tz))
        return PersonDetail(
            person.id, person.external_id, person.name, person.email, person.active_from, person.active_to,
            traits.person_class, traits.audience, [key for one in (person.id, *also) for key in keys.get(one, ())],
            also, [CarriedBy(code, str(share)) for code, share in carried],
        )  # fmt: skip
