"""The address of sellers' limits: what each may give away alone, and the floor; for those who approve quotes."""

from typing import Annotated

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from app.i18n import gettext as _
from app.pages.frame import Crumb
from app.pages.sales.limits import limit_fields, limits_table, parse_limit, said_of_limit, sellers
from app.pages.visit import VendorVisit
from billing.quotes.actions.set_limit import set_limit
from billing.quotes.reads import EVERYBODY, limits
from core.clock import utc_now
from core.errors import InvalidInput, Refused
from tenants.reads import users_of
from tenants.roles import Permission

__all__ = ("route_handlers",)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
HERE = "/sales/limits"


@get(HERE, sync_to_thread=True)
def listed(vendor: VendorVisit) -> Response[str]:
    """All limits, and the form with those of one seller."""
    vendor.need(Permission.QUOTES_APPROVE)
    return _answer(vendor)


@post(HERE, sync_to_thread=True)
def change(vendor: VendorVisit, data: Form) -> Response[str] | Redirect:
    """Set the limit of one seller, or of everybody not named."""
    vendor.need(Permission.QUOTES_APPROVE)
    known, actor = sellers(users_of(vendor.session, None)), vendor.principal.actor
    done = vendor.attempt(lambda: set_limit(vendor.session, parse_limit(data, known), actor, utc_now()))
    if isinstance(done, Refused):
        return _answer(vendor, done, data)
    return Redirect(f"{HERE}?seller={done.seller}", status_code=303)


def _answer(vendor: VendorVisit, refusal: Refused | None = None, said: dict[str, str] | None = None) -> Response[str]:
    known, held = sellers(users_of(vendor.session, None)), limits(vendor.session)
    wished = vendor.query.get("seller")
    said = said or said_of_limit(wished if wished in known else EVERYBODY, held)
    faults = refusal.errors if isinstance(refusal, InvalidInput) else ()
    return vendor.page(
        "sales/limits.html", "limits", Crumb(_("Limits")), status=refusal.status if refusal else 200, here=HERE,
        refusal=None if faults else refusal, table=limits_table(held, known, HERE),
        fields=limit_fields(said, known, faults),
    )  # fmt: skip


route_handlers = (listed, change)
