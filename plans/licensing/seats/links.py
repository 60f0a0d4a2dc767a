"""The link by which who is invited accepts: it names the invitation, sealed, so that nobody else can make one.

It opens as long as the invitation does, whatever its day: that stands with the invitation, not in the link.
"""

from uuid import UUID

from core.links import named_in, token_of
from core.settings import public_url

__all__ = ("invitation_link", "named_by")

_PURPOSE = "tollbook seat invitations"


def invitation_link(tenant_id: UUID, invitation_id: UUID) -> str:
    """Return the address that opens an invitation, without signing in."""
    return f"{public_url()}/invitations/{token_of(_PURPOSE, tenant_id.bytes + invitation_id.bytes)}"


def named_by(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the invitation that the last part of such an address names.

    Raises:
        NotFound: it is none of ours (`not_found`).
    """
    plain = named_in(_PURPOSE, token)
    return UUID(bytes=plain[:16]), UUID(bytes=plain[16:])
