"""POST /v1/people/{key}/erase: what is known of somebody goes; and the proof of whom a pseudonym was."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, post
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from tenants.actions.check_erasure import check_erasure
from tenants.actions.erase_person import Erased, erase_person
from tenants.principal import Principal, require
from tenants.reads import TenantView, tenant_now
from tenants.roles import Permission

__all__ = ("ErasureController", "erased_or_shown")


class EraseBody(Struct, forbid_unknown_fields=True):
    """With `preview` only tell what it would do."""

    preview: bool = False


class ProofBody(Struct, forbid_unknown_fields=True):
    """A key by which senders named somebody."""

    key: Annotated[str, Meta(min_length=1, max_length=512)]


class ErasedAnswer(Struct):
    """What was erased, or would be (`preview`)."""

    preview: bool
    person_id: UUID
    pseudonym: str
    keys: int
    leaves: bool
    shut_out: bool


class ProofAnswer(Struct):
    """Whether the key was the person's; `alias` is what a device or session of theirs of that name is called now."""

    person_id: UUID
    erased_at: datetime
    matches: bool
    alias: str


class ErasureController(Controller):
    """Somebody's right to be forgotten."""

    path = "/v1/people"
    tags = ("people",)

    @post("/{key:str}/erase", sync_to_thread=True, status_code=200)
    def erase(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: EraseBody
    ) -> ErasedAnswer:
        """Erase a person's name, address, ids and keys for good; figures, invoices and evidence stay.

        `key` is the person's id, a key of a sender, external id or e-mail address.
        """
        require(principal, Permission.PEOPLE_ERASE)
        done = erased_or_shown(session, tenant, key, principal.actor, preview=data.preview)
        return ErasedAnswer(data.preview, done.person_id, done.pseudonym, done.keys, done.leaves, done.shut_out)

    @post("/{key:str}/erasure-proof", sync_to_thread=True, status_code=200)
    def prove(
        self, principal: Principal, session: Session, tenant: TenantView, key: str, data: ProofBody
    ) -> ProofAnswer:
        """Tell whether an erased person, by id or pseudonym, was the one whom senders knew by a key."""
        require(principal, Permission.PEOPLE_ERASE)
        proof = check_erasure(session, tenant.id, key, data.key, principal.actor)
        return ProofAnswer(proof.person_id, proof.erased_at, proof.matches, proof.alias)


def erased_or_shown(session: Session, tenant: TenantView, name: str, actor: str, *, preview: bool) -> Erased:
    """Erase somebody; a preview is the same, undone."""
    with session.begin_nested() as point:
        done = erase_person(session, tenant.id, name, actor, tenant_now(session, tenant))
        if preview:
            point.rollback()
    return done
