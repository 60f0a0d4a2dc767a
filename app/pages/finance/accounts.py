"""Names of what carries money: cost centres and the reserved accounts (pure)."""

from collections.abc import Iterable, Mapping

from app.i18n import gettext as _
from billing.chargebacks.allocation import RESERVED, SPONSOR, UNASSIGNED, VARIANCE
from tenants.reads import CostCentreView

__all__ = ("account_name", "centre_names", "is_reserved")


def centre_names(centres: Iterable[CostCentreView]) -> dict[str, str]:
    """Return names by code; of several in time the last."""
    return {centre.code: centre.name for centre in sorted(centres, key=lambda one: one.valid_from)}


def account_name(code: str, names: Mapping[str, str]) -> str:
    """Return how a cost centre or reserved account is shown."""
    reserved = {
        UNASSIGNED: _("Unassigned"),
        SPONSOR: _("Sponsor"),
        VARIANCE: _("Learning department"),
    }
    if code in reserved:
        return reserved[code]
    name = names.get(code, "")
    return f"{code} {name}" if name and name != code else code


def is_reserved(code: str) -> bool:
    """Return whether no department carries it."""
    return code in RESERVED
