"""What the API takes and gives about who."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec

from tenants.actions.change_tenant import Particulars
from tenants.actions.import_organisation import OrganisationImported
from tenants.organisation import HEADCOUNT_MAX, TEXT_MAX
from tenants.principal import Principal
from tenants.reads import AuditLine, CostCentreView, KeyView, LegalEntityView, PersonView, TenantView

__all__ = (
    "AdminBody",
    "AssignmentBody",
    "Audit",
    "AwareDatetime",
    "CostCentreBody",
    "KeyAnswer",
    "KeyBody",
    "LegalEntityBody",
    "Me",
    "NewKeyAnswer",
    "OrganisationAnswer",
    "ParticularsBody",
    "PersonBody",
    "RotationBody",
    "TenantAnswer",
    "TenantBody",
    "UserBody",
)

Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]
"""An instant: RFC 3339 with an offset."""


class LegalEntityBody(msgspec.Struct, forbid_unknown_fields=True):
    """A company of the vendor that issues invoices."""

    key: Text
    name: Text
    address: Text
    country: Text
    tax_id: Text
    base_currency: Text
    number_prefix: Text
    iban: Text = ""


class LegalEntityAnswer(LegalEntityBody):
    """A legal entity with its id."""

    id: UUID | None = None

    @classmethod
    def of(cls, view: LegalEntityView) -> "LegalEntityAnswer":
        """Return the view as JSON shows it."""
        return msgspec.convert(view, cls, from_attributes=True)


class AdminBody(msgspec.Struct, forbid_unknown_fields=True):
    """A customer's first administrator: told by mail, in that language (as `Accept-Language` has it)."""

    email: Text
    name: Text
    language: Text = ""


class TenantBody(msgspec.Struct, forbid_unknown_fields=True):
    """A customer; `legal_entity`, `parent` are keys or slugs. Documents add the country to the address."""

    slug: Text
    name: Text
    legal_entity: Text
    time_zone: Text
    currency: Text
    country: Text
    billing_name: Text
    billing_address: Text
    tax_id: Text = ""
    tax_treatment: Text = "standard"
    purchase_order: Text = ""
    payment_terms_days: int = 30
    grace_hours: int = 72
    holidays: list[date] = []
    parent: Text | None = None
    bill_to_parent: bool = False
    test_clock: UUID | None = None
    admin: AdminBody | None = None


class ParticularsBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to change of a customer; what is left out stays."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    billing_name: Text | msgspec.UnsetType = msgspec.UNSET
    billing_address: Text | msgspec.UnsetType = msgspec.UNSET
    tax_id: Text | msgspec.UnsetType = msgspec.UNSET
    tax_treatment: Text | msgspec.UnsetType = msgspec.UNSET
    purchase_order: Text | msgspec.UnsetType = msgspec.UNSET
    payment_terms_days: int | msgspec.UnsetType = msgspec.UNSET
    grace_hours: int | msgspec.UnsetType = msgspec.UNSET
    holidays: list[date] | msgspec.UnsetType = msgspec.UNSET

    def over(self, known: Particulars) -> Particulars:
        """Return what a customer's particulars become."""
        told = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not msgspec.UNSET}
        if "holidays" in told:
            told["holidays"] = tuple(sorted(set(told["holidays"])))
        return replace(known, **told)


class TenantAnswer(msgspec.Struct):
    """A customer as the vendor's list shows it."""

    id: UUID
    slug: str
    name: str
    status: str
    time_zone: str
    currency: str
    country: str
    billing_name: str
    billing_address: str
    tax_id: str
    tax_treatment: str
    purchase_order: str
    payment_terms_days: int
    grace_hours: int
    legal_entity_id: UUID
    parent_id: UUID | None
    bill_to_parent: bool
    test_clock_id: UUID | None

    @classmethod
    def of(cls, view: TenantView) -> "TenantAnswer":
        """Return the view as JSON shows it."""
        return msgspec.convert(view, cls, from_attributes=True)


class UserBody(msgspec.Struct, forbid_unknown_fields=True):
    """A user; the vendor's own have no tenant (send no Tbk-Tenant header)."""

    email: Text
    name: Text
    role: Text
    cost_centre: Text | None = None
    password: Text | None = None


class UserAnswer(msgspec.Struct):
    """The id of the new user."""

    id: UUID


class KeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A key; without `email` it acts for who asks. `scopes` null means all that the user may."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    email: Text | None = None
    scopes: Annotated[list[Text], msgspec.Meta(max_length=100)] | None = None
    expires_at: AwareDatetime | None = None


class RotationBody(msgspec.Struct, forbid_unknown_fields=True):
    """How long the old key, or signing secret, goes on working beside the new one."""

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 24


class NewKeyAnswer(msgspec.Struct):
    """A key, with its token this once."""

    id: UUID
    token: str
    hint: str
    expires_at: datetime | None = None


class KeyAnswer(msgspec.Struct):
    """A key without its secret; `status` is active, expired or revoked. Uses are noted to the minute."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    email: str
    role: str
    status: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, view: KeyView, now: datetime) -> "KeyAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.id, view.name, view.hint, list(view.scopes), view.email, view.role, view.status(now),
            view.created_at, view.expires_at, view.revoked_at, view.last_used_at,
        )  # fmt: skip


class PersonBody(msgspec.Struct, forbid_unknown_fields=True):
    """A person by the key that events name as `subject`."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
    active_from: AwareDatetime
    name: Text = ""
    email: Text = ""
    person_class: Text = msgspec.field(default="member", name="class")
    audience: Text = "employee"


class PersonAnswer(msgspec.Struct):
    """A person, for the customer's own administrators."""

    id: UUID
    key: str | None
    name: str
    email: str
    active_from: datetime
    active_to: datetime | None

    @classmethod
    def of(cls, view: PersonView) -> "PersonAnswer":
        """Return the view as JSON shows it."""
        return cls(view.id, view.external_id, view.name, view.email, view.active_from, view.active_to)


class CostCentreBody(msgspec.Struct, forbid_unknown_fields=True):
    """A node of the organisation tree for dates `[valid_from, valid_to)`."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
    name: Text
    valid_from: date
    valid_to: date | None = None
    parent_code: Text | None = None
    headcount: Annotated[int, msgspec.Meta(ge=0, le=HEADCOUNT_MAX)] | None = None

    @classmethod
    def of(cls, view: CostCentreView) -> "CostCentreBody":
        """Return the view as JSON shows it."""
        return cls(view.code, view.name, view.valid_from, view.valid_to, view.parent_code, view.headcount)


class AssignmentBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who carries a person over dates `[valid_from, valid_to)`; weights are normalised to shares."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
    valid_from: date
    shares: dict[str, Decimal]
    valid_to: date | None = None


class Imported(msgspec.Struct):
    """How many were given."""

    given: int


class Me(msgspec.Struct):
    """Who the key acts for."""

    user_id: UUID
    email: str
    name: str
    role: str
    tenant_id: UUID | None
    cost_centre: str | None
    scopes: list[str]

    @classmethod
    def of(cls, principal: Principal) -> "Me":
        """Return the principal as JSON shows it."""
        return cls(
            principal.user_id, principal.email, principal.name, principal.role, principal.tenant_id,
            principal.cost_centre, sorted(principal.scopes),
        )  # fmt: skip


class Audit(msgspec.Struct):
    """One entry of the audit trail."""

    id: UUID
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    detail: dict[str, object]

    @classmethod
    def of(cls, line: AuditLine) -> "Audit":
        """Return the entry as JSON shows it."""
        return msgspec.convert(line, cls, from_attributes=True)


class Page(msgspec.Struct):
    """A page of a list; `next_cursor` is null at the end."""

    items: list[object]
    next_cursor: str | None


class OrganisationAnswer(msgspec.Struct):
    """What a file of people or cost centres did, or in a dry run would do."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int

    @classmethod
    def of(cls, done: OrganisationImported) -> "OrganisationAnswer":
        """Return it as JSON shows it."""
        return cls(done.dry_run, done.rows, done.created, done.changed, done.unchanged)
