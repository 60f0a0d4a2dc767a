"""Licence files: issued, fetched, revoked."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import Parameter
from sqlalchemy.orm import Session

from plans.licensing.actions.issue_licence import issue_licence
from plans.licensing.actions.revoke_licence import revoke_licence
from plans.licensing.errors import LicenceUnknown
from plans.licensing.licences import REVOCATIONS, revocation_claims
from plans.licensing.reads import find_licence, licences, revoked_licences
from plans.licensing.schemas import (
    LicenceAnswer,
    LicenceBody,
    LicencePage,
    RevocationsAnswer,
    RevokeBody,
    SignedLicence,
)
from plans.licensing.signing import signed
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("LicenceController",)

Limit = Annotated[int, Parameter(ge=1, le=500)]


class LicenceController(Controller):
    """Licence files: what a contract grants, signed, to be verified without a network."""

    path = "/v1/licence-files"
    tags = ("licences",)

    @post("/", sync_to_thread=True)
    def issue(self, principal: Principal, session: Session, tenant: TenantView, data: LicenceBody) -> SignedLicence:
        """Issue a licence file of what a contract grants; it is never valid beyond the contract's next change."""
        require(principal, Permission.LICENCES_WRITE)
        now = tenant_now(session, tenant)
        return SignedLicence.of(issue_licence(session, tenant, data.wish(), principal.actor, now), now)

    @get("/", sync_to_thread=True)
    def listed(
        self, principal: Principal, session: Session, tenant: TenantView, cursor: UUID | None = None, limit: Limit = 50
    ) -> LicencePage:
        """List the tenant's licence files, the newest first."""
        require(principal, Permission.LICENCES_READ)
        found, now = licences(session, tenant.id, cursor, limit + 1), tenant_now(session, tenant)
        following = found[limit - 1].id if len(found) > limit else None
        return LicencePage([LicenceAnswer.of(view, now) for view in found[:limit]], following)

    @get("/revoked", sync_to_thread=True)
    def revoked(self, principal: Principal, session: Session, tenant: TenantView) -> RevocationsAnswer:
        """Return the signed list of what was revoked before its end; it is relied on for 30 days."""
        require(principal, Permission.LICENCES_READ)
        now = tenant_now(session, tenant)
        found = revoked_licences(session, tenant.id, now)
        return RevocationsAnswer(signed(REVOCATIONS, revocation_claims(tenant.slug, found, now)), len(found))

    @get("/{licence_id:uuid}", sync_to_thread=True)
    def show(self, principal: Principal, session: Session, tenant: TenantView, licence_id: UUID) -> SignedLicence:
        """Return a licence file, signed by the key of today: what it states never changes."""
        require(principal, Permission.LICENCES_READ)
        found = find_licence(session, tenant.id, licence_id)
        if found is None:
            raise LicenceUnknown(licence_id)
        return SignedLicence.of(found, tenant_now(session, tenant))

    @post("/{licence_id:uuid}/revoke", sync_to_thread=True, status_code=200)
    def revoke(
        self, principal: Principal, session: Session, tenant: TenantView, licence_id: UUID, data: RevokeBody
    ) -> LicenceAnswer:
        """Recall a licence file: it is on the revocation list from now on. The same again changes nothing."""
        require(principal, Permission.LICENCES_WRITE)
        now = tenant_now(session, tenant)
        return LicenceAnswer.of(revoke_licence(session, tenant.id, licence_id, data.reason, principal.actor, now), now)
