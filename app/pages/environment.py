"""The Jinja environment: autoescaped, strict about undefined names, texts through gettext."""

from decimal import Decimal
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.assets import asset_url
from app.i18n import gettext, ngettext
from app.pages import formats
from app.pages.words import state_badge
from core.ids import new_id

__all__ = ("environment", "render", "role_name")

TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def environment() -> Environment:
    """Return the environment of all pages and error pages."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The i18n extension adds this method at run time.
    made.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        asset=asset_url, new_id=new_id, plain_figure=plain_figure, role_name=role_name, state_badge=state_badge
    )
    made.filters.update(
        {name: getattr(formats, name) for name in ("money", "quantity", "day", "month", "instant", "percent")}
    )
    return made


def render(template: str, **context: object) -> str:
    """Return a page's HTML."""
    return environment().get_template(template).render(**context)


def plain_figure(value: str | None, currency: str | None) -> str:
    """Write a chart's exact value for its table; a gap is a dash."""
    if value is None:
        return "–"
    return formats.unit_price(Decimal(value), currency) if currency else formats.quantity(Decimal(value), 4)


def role_name(role: str) -> str:
    """Return what a role is called."""
    names = {
        "vendor_admin": gettext("Vendor administrator"),
        "vendor_sales": gettext("Vendor sales"),
        "vendor_finance": gettext("Vendor finance"),
        "vendor_auditor": gettext("Vendor auditor, reads only"),
        "tenant_admin": gettext("Administrator"),
        "tenant_finance": gettext("Finance"),
        "cost_centre_owner": gettext("Cost-centre owner"),
        "tenant_auditor": gettext("Auditor, reads only"),
    }
    return names[role]
