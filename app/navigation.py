"""What leads where: the sections of each workspace, and which of them a role sees."""

from dataclasses import dataclass

from app.i18n import gettext as _
from tenants.principal import Principal
from tenants.roles import Permission

__all__ = ("Group", "Item", "home_path", "navigation")


@dataclass(frozen=True, slots=True)
class Item:
    """One section: `key` marks the current one, `icon` names a symbol of icons.svg."""

    key: str
    label: str
    icon: str
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """One workspace in the rail."""

    label: str
    items: tuple[Item, ...]


def navigation(principal: Principal, tenant_slug: str | None) -> tuple[Group, ...]:
    """Return the workspaces the principal may open, for the acting tenant if there is one."""
    groups = [_sales(principal)] if principal.may(Permission.TENANTS_READ) else []
    if tenant_slug is not None:
        if principal.may(Permission.USAGE_READ):
            groups.append(_admin(tenant_slug, principal))
        if principal.may(Permission.CHARGEBACK_READ):
            groups.append(_finance(tenant_slug))
        elif principal.may(Permission.STATEMENT_READ):
            groups.append(_centre(tenant_slug))
    return tuple(groups)


def home_path(principal: Principal, tenant_slug: str | None) -> str:
    """Return where a person starts after signing in."""
    if principal.is_vendor or tenant_slug is None:
        return "/sales/customers"
    return {
        "tenant_finance": f"/finance/{tenant_slug}",
        "cost_centre_owner": f"/centre/{tenant_slug}",
    }.get(principal.role, f"/admin/{tenant_slug}")


def _sales(principal: Principal) -> Group:
    items = [
        Item("customers", _("Customers"), "customers", "/sales/customers"),
        Item("catalogue", _("Catalogue"), "catalogue", "/sales/catalogue"),
        Item("quotes", _("Quotes"), "file", "/sales/quotes"),
    ]
    if principal.may(Permission.CATALOGUE_WRITE):
        items.append(Item("coupons", _("Coupons"), "bills", "/sales/coupons"))
    if principal.may(Permission.QUOTES_APPROVE):
        items.append(Item("approvals", _("Approvals"), "check", "/sales/approvals"))
        items.append(Item("limits", _("Limits"), "rules", "/sales/limits"))
        items.append(Item("costs", _("Costs"), "pools", "/sales/costs"))
    if principal.may(Permission.INVOICES_READ):
        items.append(Item("revenue", _("Revenue"), "concurrency", "/sales/revenue"))
    return Group(_("Sales"), tuple(items))


def _admin(slug: str, principal: Principal) -> Group:
    base = f"/admin/{slug}"
    items = [
        Item("overview", _("Overview"), "overview", base),
        Item("members", _("Members"), "members", f"{base}/members"),
        Item("seats", _("Seats"), "seats", f"{base}/seats"),
        Item("concurrency", _("Concurrency"), "concurrency", f"{base}/concurrency"),
        Item("courses", _("Courses"), "courses", f"{base}/courses"),
        Item("bills", _("Bills"), "bills", f"{base}/bills"),
        Item("credits", _("Credits"), "bills", f"{base}/credits"),
        Item("alerts", _("Alerts"), "alert", f"{base}/alerts"),
    ]
    if principal.may(Permission.SUBSCRIPTIONS_READ):
        items.append(Item("offers", _("Offers"), "file", f"{base}/offers"))
    if principal.may(Permission.PEOPLE_READ):
        items.append(Item("people", _("People"), "people", f"{base}/people"))
    if principal.may(Permission.EVENTS_WRITE):
        items.append(Item("connect", _("Connect"), "file", f"{base}/imports"))
    items.append(Item("archives", _("Retention"), "archive", f"{base}/archives"))
    items.append(Item("live", _("Live events"), "pools", f"{base}/live"))
    return Group(_("Usage and bills"), tuple(items))


def _finance(slug: str) -> Group:
    base = f"/finance/{slug}"
    return Group(
        _("Chargeback"),
        (
            Item("month", _("Month"), "month", base),
            Item("pools", _("Pools"), "pools", f"{base}/pools"),
            Item("rules", _("Rules"), "rules", f"{base}/rules"),
            Item("preview", _("Preview"), "preview", f"{base}/preview"),
            Item("statements", _("Statements"), "statements", f"{base}/statements"),
            Item("journal", _("Journal"), "journal", f"{base}/journal"),
        ),
    )


def _centre(slug: str) -> Group:
    return Group(_("My cost centre"), (Item("centre", _("Statements"), "statements", f"/centre/{slug}"),))
