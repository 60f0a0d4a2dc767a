"""What connects a customer's other systems with Tollbook: one subject, several pages."""

from collections.abc import Mapping

from app.i18n import gettext as _
from app.pages.frame import Tab
from app.pages.visit import TenantVisit
from tenants.roles import Permission

__all__ = ("OVERLAPS", "connect_tabs", "overlap_of")

OVERLAPS = (0, 1, 24, 24 * 7)
"""For how many hours an old key, or signing secret, goes on working beside its successor."""


def overlap_of(form: Mapping[str, str]) -> int:
    """Return the hours that were chosen; the longest where none of them was."""
    return int(given) if (given := form.get("hours", "")) in map(str, OVERLAPS) else OVERLAPS[-1]


def connect_tabs(visit: TenantVisit, current: str) -> tuple[Tab, ...]:
    """Return the pages of *Connect* that the reader may open."""
    pages = [
        ("imports", _("Files"), Permission.USAGE_READ),
        ("xapi", _("xAPI"), Permission.USAGE_READ),
        ("keys", _("Keys"), Permission.CONNECT_WRITE),
        ("directory", _("Directory"), Permission.CONNECT_WRITE),
        ("users", _("Users"), Permission.SSO_WRITE),
        ("sso", _("Single sign-on"), Permission.SSO_WRITE),
        ("webhooks", _("Webhooks"), Permission.CONNECT_WRITE),
        ("mails", _("Mails"), Permission.CONNECT_WRITE),
        ("licence-files", _("Licence files"), Permission.LICENCES_READ),
    ]
    base = f"/admin/{visit.tenant.slug}"
    return tuple(Tab(label, f"{base}/{key}", key == current) for key, label, needed in pages if visit.may(needed))
