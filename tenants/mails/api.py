"""/v1/mails: what people were told by mail, a test, and once more."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.datastructures import State
from litestar.params import Parameter
from sqlalchemy.orm import Session

from core.clock import utc_now
from tenants.mails.actions.put_mail import put_test_mail
from tenants.mails.actions.send_again import send_again, send_dead_again
from tenants.mails.reads import MailView, get_mail, mails
from tenants.principal import Principal, require
from tenants.reads import TenantView
from tenants.roles import Permission
from tenants.schemas import Page

__all__ = ("route_handlers",)

Limit = Annotated[int, Parameter(ge=1, le=500)]
_LANGUAGE_MAX = 100


class MailAnswer(msgspec.Struct):
    """A mail and what came of it: `status` is due, sent or dead (given up)."""

    id: UUID
    kind: str
    data: Any
    to: str
    written_at: datetime
    status: str
    attempts: int
    next_attempt_at: datetime | None
    tried_at: datetime | None
    error: str

    @classmethod
    def of(cls, view: MailView) -> "MailAnswer":
        """Return the view as JSON shows it."""
        return cls(
            view.id, view.kind, view.data, view.to, view.at, view.status, view.attempts,
            view.due_at if view.status == "due" else None, view.tried_at, view.error,
        )  # fmt: skip


class TestBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where to."""

    to: Annotated[str, msgspec.Meta(min_length=1, max_length=254)]


class SentAgain(msgspec.Struct):
    """How many mails are due again."""

    due: int


class MailController(Controller):
    """Mails to people."""

    path = "/v1/mails"
    tags = ("mails",)

    @get(sync_to_thread=True)
    def listed(
        self, principal: Principal, session: Session, tenant: TenantView,
        status: Literal["due", "sent", "dead"] | None = None, cursor: UUID | None = None, limit: Limit = 50,
    ) -> Page:  # fmt: skip
        """List the mails of the tenant, newest first; `status`: due, sent or dead."""
        require(principal, Permission.CONNECT_WRITE)
        found = mails(session, tenant.id, status=status or "", before=cursor, limit=limit)
        return Page([MailAnswer.of(one) for one in found], str(found[-1].id) if len(found) == limit else None)

    @post("/test", sync_to_thread=True)
    def test(
        self, request: Request[Any, Any, State], principal: Principal, session: Session, tenant: TenantView,
        data: TestBody,
    ) -> MailAnswer:  # fmt: skip
        """Send a mail to try the settings with; look at it a moment later."""
        require(principal, Permission.CONNECT_WRITE)
        language = request.headers.get("accept-language", "")[:_LANGUAGE_MAX]
        return MailAnswer.of(
            get_mail(session, tenant.id, put_test_mail(session, tenant.id, data.to, language, utc_now()))
        )

    @get("/{mail_id:uuid}", sync_to_thread=True)
    def one(self, principal: Principal, session: Session, tenant: TenantView, mail_id: UUID) -> MailAnswer:
        """Show a mail."""
        require(principal, Permission.CONNECT_WRITE)
        return MailAnswer.of(get_mail(session, tenant.id, mail_id))

    @post("/{mail_id:uuid}/replay", sync_to_thread=True)
    def again(self, principal: Principal, session: Session, tenant: TenantView, mail_id: UUID) -> SentAgain:
        """Send it once more, under the same id."""
        require(principal, Permission.CONNECT_WRITE)
        send_again(session, tenant.id, mail_id, utc_now())
        return SentAgain(1)

    @post("/replay", sync_to_thread=True)
    def all_again(self, principal: Principal, session: Session, tenant: TenantView) -> SentAgain:
        """Send what was given up, at most 1,000 at once."""
        require(principal, Permission.CONNECT_WRITE)
        return SentAgain(send_dead_again(session, tenant.id, utc_now()))


route_handlers = (MailController,)
