"""Who is asking, and the one check of what they may."""

from dataclasses import dataclass
from uuid import UUID

from core.errors import Forbidden
from tenants.roles import Permission

__all__ = ("Principal", "require")


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated user, by session cookie or API key.

    `scopes` are the permissions of the role, narrowed by the key's own scopes.
    """

    user_id: UUID
    name: str
    email: str
    role: str
    tenant_id: UUID | None
    cost_centre: str | None
    scopes: frozenset[str]
    csrf_token: str = ""

    @property
    def is_vendor(self) -> bool:
        """Whether the user is one of the vendor's own people."""
        return self.tenant_id is None

    @property
    def actor(self) -> str:
        """How the audit trail names the user."""
        return f"user:{self.user_id}"

    def may(self, permission: Permission) -> bool:
        """Return whether the permission is given."""
        return permission.value in self.scopes


def require(principal: Principal, permission: Permission) -> None:
    """Refuse unless the permission is given.

    Raises:
        Forbidden: it is not (`forbidden`).
    """
    if not principal.may(permission):
        raise Forbidden(
            f"The role {principal.role} or the scopes of this key do not include '{permission.value}'."
            " Use a key of a user whose role does."
        )
