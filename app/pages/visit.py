"""One request for a page: who asks, about whom, when, and how the answer is put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from litestar import MediaType, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.i18n import negotiate, use
from app.pages.environment import render, role_name
from app.pages.frame import Crumb, Months, PlaceInput, months, place
from app.pages.tables import Table, TableQuery, csv_text
from core.clock import utc_now
from core.errors import Forbidden, InputError, InvalidInput, Refused
from core.periods import local_date
from tenants.actions.claim_form import claim_form
from tenants.principal import Principal
from tenants.reads import TenantView, list_tenants, tenant_now
from tenants.roles import Permission

__all__ = (
    "DEPENDENCIES",
    "Req",
    "TenantVisit",
    "VendorVisit",
    "choose_language",
    "confirm_word",
    "csv_file",
    "cursor_of",
)

Req = Request[Any, Any, State]
Done = TypeVar("Done")
SWITCHER_MAX = 200
"""How many customers the switcher lists; the page of customers has all."""


async def choose_language(request: Req) -> None:
    """Make the reader of this request known before anything is written for them."""
    use(negotiate(request.headers.get("accept-language", "")))


@dataclass(frozen=True, slots=True)
class _Visit:
    request: Req
    principal: Principal
    session: Session
    now: datetime

    @property
    def path(self) -> str:
        """The address without its query."""
        return self.request.url.path

    @property
    def parameters(self) -> Mapping[str, str]:
        """The query of the address; of repeated names the last one holds."""
        return dict(self.request.query_params)

    @property
    def query(self) -> TableQuery:
        """The query as a table reads it."""
        return TableQuery.of(self.path, self.parameters)

    def need(self, permission: Permission) -> None:
        """Refuse who may not see this page, in words for people.

        Raises:
            Forbidden: the role does not include it (`forbidden`).
        """
        if not self.principal.may(permission):
            role = {"role": role_name(self.principal.role)}
            raise Forbidden(
                _("Your role (%(role)s) does not include this page. Ask an administrator if you need it.") % role
            )

    def may(self, permission: Permission) -> bool:
        """Return whether the reader has a permission."""
        return self.principal.may(permission)

    def attempt(self, act: Callable[[], Done]) -> Done | Refused:
        """Do it, or return the refusal with everything undone: the page that shows it reads the same transaction."""
        try:
            with self.session.begin_nested():
                return act()
        except Refused as refusal:
            return refusal


@dataclass(frozen=True, slots=True)
class VendorVisit(_Visit):
    """A page of the vendor's own: its transaction sees all customers."""

    tenants: tuple[TenantView, ...]

    def page(self, template: str, section: str, *crumbs: Crumb, status: int = 200, **context: object) -> Response[str]:
        """Return the page."""
        given = PlaceInput(self.principal, self.path, self.parameters, self.request.cookies, None, self.tenants)
        return _html(render(template, frame=place(given, section, *crumbs), **context), status)


@dataclass(frozen=True, slots=True)
class TenantVisit(_Visit):
    """A page about one customer, in its scope and on its clock."""

    tenant: TenantView
    tenants: tuple[TenantView, ...]

    @property
    def today(self) -> date:
        """The date on the tenant's calendar."""
        return local_date(self.now, self.tenant.tz)

    def crumbs(self, *rest: Crumb) -> tuple[Crumb, ...]:
        """Return the way to a page of the customer; for the vendor's people it begins at their list."""
        first = (Crumb(_("Customers"), "/sales/customers"),) if self.principal.is_vendor else ()
        return (*first, Crumb(self.tenant.name, f"/admin/{self.tenant.slug}" if rest else None), *rest)

    def attempt_once(self, data: Mapping[str, str], act: Callable[[], Done]) -> Done | Refused:
        """Do what a form asks for as `attempt` does, but not again where the same form is sent again.

        The form has a `ui.once()` in it; one that was refused may be sent again.
        """

        def once() -> Done:
            claim_form(self.session, self.tenant.id, self.principal, self.path, data, utc_now())
            return act()

        return self.attempt(once)

    @property
    def connect(self) -> tuple[str, str]:
        """Where facts are brought in, as `Table.empty_way` takes it; nothing for who may not."""
        if not self.may(Permission.EVENTS_WRITE):
            return "", ""
        return f"/admin/{self.tenant.slug}/imports", _("Bring facts in")

    @property
    def months(self) -> Months:
        """The period picker with the chosen month."""
        return months(self.path, self.parameters, self.tenant, self.today)

    def page(
        self, template: str, section: str, *crumbs: Crumb, picker: Months | None = None, status: int = 200,
        **context: object,
    ) -> Response[str]:  # fmt: skip
        """Return the page."""
        given = PlaceInput(self.principal, self.path, self.parameters, self.request.cookies, self.tenant, self.tenants)
        frame = place(given, section, *crumbs, picker=picker)
        return _html(render(template, frame=frame, **context), status)


def cursor_of(text: str) -> UUID | None:
    """Return the id after which a list goes on; anything else means its beginning."""
    try:
        return UUID(text)
    except ValueError:
        return None


def confirm_word(data: Mapping[str, str], word: str) -> None:
    """Refuse a final act without its word.

    Raises:
        InvalidInput: it is missing or another (`invalid_input`).
    """
    if data.get("word", "").strip().lower() != word.lower():
        detail = _("Type the word “%(word)s” to confirm; nothing was changed.") % {"word": word}
        raise InvalidInput(InputError("word", "confirmation_missing", detail))


def _html(text: str, status: int = 200) -> Response[str]:
    headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Accept-Language"}
    return Response(text, media_type=MediaType.HTML, status_code=status, headers=headers)


def csv_file(table: Table, name: str) -> Response[str]:
    """Return a table as a file; a mark in front tells spreadsheets that it is UTF-8."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response("\ufeff" + csv_text(table), media_type="text/csv", headers=headers)


def provide_visit(request: Req, principal: Principal, tenant: TenantView, session: Session) -> TenantVisit:
    """A visit to one customer's page."""
    others = list_tenants(session)[:SWITCHER_MAX] if principal.is_vendor else ()
    return TenantVisit(request, principal, session, tenant_now(session, tenant), tenant, others)


def provide_vendor(request: Req, principal: Principal, steward: Session) -> VendorVisit:
    """A visit to the vendor's own pages."""
    return VendorVisit(request, principal, steward, utc_now(), list_tenants(steward)[:SWITCHER_MAX])


DEPENDENCIES = {
    "visit": Provide(provide_visit, sync_to_thread=True),
    "vendor": Provide(provide_vendor, sync_to_thread=True),
}
