"""What a SCIM user says that matters here: names, cost centre, class and audience (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.people import AUDIENCES, DEFAULT_TRAITS, PERSON_CLASSES

__all__ = ("ENTERPRISE", "Said", "said_by")

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_KINDS = {
    **{name: (DEFAULT_TRAITS.person_class, name) for name in AUDIENCES},
    **{name: (name, DEFAULT_TRAITS.audience) for name in PERSON_CLASSES},
    "contractor": (DEFAULT_TRAITS.person_class, "partner"),
    "external": (DEFAULT_TRAITS.person_class, "partner"),
}
"""`userType` in lower case → class and audience; anything else says nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """One user as the directory describes it. `centre` is a cost centre's code and name, None for none."""

    user_name: str
    external_id: str | None
    active: bool
    name: str
    email: str
    centre: tuple[str, str] | None
    person_class: str
    audience: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys by which events may name the person; the first is the one that never changes."""
        return tuple(dict.fromkeys(key for key in (self.external_id, self.user_name) if key))


def said_by(document: Mapping[str, Any]) -> Said:
    """Read a SCIM user.

    The cost centre is `costCenter`, named after `department`; where there is only a department, that.

    >>> said_by({"userName": "ann", "userType": "Contractor"}).audience
    'partner'
    """
    work = document.get(ENTERPRISE) or {}
    code = (work.get("costCenter") or work.get("department") or "").strip()
    kind = _KINDS.get((document.get("userType") or "").strip().lower(), ("member", "employee"))
    return Said(
        user_name=document["userName"],
        external_id=document.get("externalId") or None,
        active=document.get("active") is not False,
        name=_name(document),
        email=_email(document),
        centre=(code, (work.get("department") or code).strip()) if code else None,
        person_class=kind[0],
        audience=kind[1],
    )


def _name(document: Mapping[str, Any]) -> str:
    parts = document.get("name") or {}
    whole = " ".join(part for part in (parts.get("givenName"), parts.get("familyName")) if part)
    return document.get("displayName") or parts.get("formatted") or whole or ""


def _email(document: Mapping[str, Any]) -> str:
    """Return the primary address, else the first; else the user name where it is one."""
    given = [one for one in document.get("emails") or () if one.get("value")]
    best = next((one for one in given if one.get("primary")), given[0] if given else None)
    if best is not None:
        return str(best["value"])
    name: str = document["userName"]
    return name if "@" in name else ""
