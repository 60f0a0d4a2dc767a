"""Who gets what: features by tier, as sales shows them side by side and as entitlements answer them."""

from typing import Final

from plans.documents import Feature

__all__ = ("FULL", "LIGHT", "STANDARD")

_YES: Final = Feature()
_NO: Final = Feature(granted=False)

_EVERYWHERE: Final[dict[str, Feature]] = {
    "discussions": _YES,
    "blogs": _YES,
    "ratings": _YES,
    "comments": _YES,
    "profiles": _YES,
    "wikis": _YES,
}

LIGHT: Final[dict[str, Feature]] = _EVERYWHERE | {
    "file_sharing": Feature(limit=50, unit="gb"),
    "idea_sharing": _YES,
    "expertise_location": _YES,
    "wbt_catalogue": Feature(limit=25, unit="courses"),
    "ilt": _NO,
    "certification": _NO,
    "compliance_tracking": _NO,
    "reporting": Feature(variant="standard"),
    "audiences": Feature(limit=1, unit="audiences"),
    "chargeback": Feature(variant="showback"),
    "scim": _YES,
    "xapi": _NO,
}
"""Light LMS ("Community"): the whole community, a limited LMS."""

STANDARD: Final[dict[str, Feature]] = LIGHT | {
    "file_sharing": Feature(limit=250, unit="gb"),
    "wbt_catalogue": Feature(limit=500, unit="courses"),
    "ilt": _YES,
    "certification": _YES,
    "compliance_tracking": Feature(granted=False, addon="compliance"),
    "reporting": Feature(variant="custom"),
    "audiences": Feature(limit=2, unit="audiences"),
    "chargeback": _YES,
    "xapi": _YES,
}
"""Standard ("Learning")."""

FULL: Final[dict[str, Feature]] = STANDARD | {
    "file_sharing": Feature(limit=1000, unit="gb"),
    "idea_sharing": Feature(extras=("reputation_api",)),
    "expertise_location": Feature(extras=("reputation_api",)),
    "wbt_catalogue": Feature(unit="courses"),
    "ilt": Feature(extras=("resources", "wait_list")),
    "compliance_tracking": Feature(extras=("audit_e_signature",)),
    "reporting": Feature(variant="warehouse_export"),
    "audiences": Feature(limit=4, unit="audiences"),
    "chargeback": Feature(variant="several_entities"),
}
"""Full ("Social Learning Suite")."""
