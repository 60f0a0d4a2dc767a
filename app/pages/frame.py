"""What surrounds every page: navigation, breadcrumbs, tenant switcher, period picker, theme."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from app.i18n import Reader, reader
from app.navigation import Group, home_path, navigation
from app.pages.formats import month
from core.periods import Period, add_months, month_period
from tenants.principal import Principal
from tenants.reads import TenantView

__all__ = ("Crumb", "Frame", "Months", "PlaceInput", "Tab", "months", "place")

MONTHS_SHOWN = 13
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way to this page; the last one has no address."""

    label: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several pages on one subject."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class MonthOption:
    """A month that can be chosen."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Months:
    """The period picker: the chosen local month, its neighbours, and the months to choose from."""

    first: date
    label: str
    period: Period
    options: tuple[MonthOption, ...]
    earlier: str | None
    later: str | None
    running: bool
    """The month has not ended yet."""

    @property
    def key(self) -> str:
        """The month as it stands in addresses: `2026-10`."""
        return f"{self.first:%Y-%m}"


def months(path: str, query: Mapping[str, str], tenant: TenantView, today: date) -> Months:
    """Return the picker for `?period=2026-10`; anything else means the last full month.

    The other parameters of the address are kept, but not the place in a list.
    """
    this = today.replace(day=1)
    oldest = add_months(this, 1 - MONTHS_SHOWN)
    chosen = parse_month(query.get("period", "")) or add_months(this, -1)
    chosen = min(chosen, this)
    kept = {key: value for key, value in query.items() if key not in {"period", "after", "day"}}

    def href(first: date) -> str:
        return f"{path}?{urlencode({**kept, 'period': f'{first:%Y-%m}'})}"

    firsts = [add_months(this, -back) for back in range(MONTHS_SHOWN)]
    return Months(
        first=chosen,
        label=month(chosen),
        period=month_period(chosen.year, chosen.month, tenant.tz),
        options=tuple(MonthOption(month(first), href(first), first == chosen) for first in firsts),
        earlier=href(add_months(chosen, -1)) if chosen > oldest else None,
        later=href(add_months(chosen, 1)) if chosen < this else None,
        running=chosen == this,
    )


def parse_month(text: str) -> date | None:
    """Return the first day of `2026-10`, or None where that is not a month."""
    try:
        year, number = text.split("-")
        return date(int(year), int(number), 1)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class PlaceInput:
    """Where a page stands: the parts of the frame that a handler knows."""

    principal: Principal
    path: str
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    tenant: TenantView | None = None
    tenants: tuple[TenantView, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What the layout needs; `section` marks the current entry of the rail."""

    principal: Principal
    path: str
    home: str
    groups: tuple[Group, ...]
    section: str
    crumbs: tuple[Crumb, ...]
    tenant: TenantView | None
    tenants: tuple[tuple[TenantView, str], ...]
    months: Months | None
    theme: str
    reader: Reader
    csrf_token: str


def place(given: PlaceInput, section: str, *crumbs: Crumb, picker: Months | None = None) -> Frame:
    """Return the frame of a page."""
    slug = given.tenant.slug if given.tenant else None
    theme = given.cookies.get("theme", "")
    return Frame(
        principal=given.principal,
        path=given.path,
        home=home_path(given.principal, slug),
        groups=navigation(given.principal, slug),
        section=section,
        crumbs=crumbs,
        tenant=given.tenant,
        tenants=tuple((tenant, _same_page(given.path, given.tenant, tenant)) for tenant in given.tenants),
        months=picker,
        theme=theme if theme in THEMES else "",
        reader=reader(),
        csrf_token=given.principal.csrf_token,
    )


def _same_page(path: str, here: TenantView | None, there: TenantView) -> str:
    """Return the address of the same section at another tenant: `/admin/a/bills/7` → `/admin/b/bills`."""
    parts = path.strip("/").split("/")
    if here is not None and parts[:2] == ["sales", "customers"]:
        return "/" + "/".join(["sales", "customers", there.slug, *parts[3:4]])
    if here is None or len(parts) < 2:
        return f"/admin/{there.slug}"
    return "/" + "/".join([parts[0], there.slug, *parts[2:3]])
