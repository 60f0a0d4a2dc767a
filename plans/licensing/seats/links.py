"""The link by which who is invited accepts: it names the invitation, sealed, so that nobody else can make one.

It opens as long as the invitation does, whatever its day: that stands with the invitation, not in the link.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from uuid import UUID

from core.errors import NotFound
from core.sealing import Unreadable, derived_key, seal, unseal_by_any
from core.settings import public_url, secret_key, secret_keys

__all__ = ("invitation_link", "named_by")

_PURPOSE = "tollbook seat invitations"


def invitation_link(tenant_id: UUID, invitation_id: UUID) -> str:
    """Return the address that opens an invitation, without signing in."""
    sealed = seal(derived_key(secret_key(), _PURPOSE), tenant_id.bytes + invitation_id.bytes, b"")
    return f"{public_url()}/invitations/{urlsafe_b64encode(sealed).decode()}"


def named_by(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the invitation that the last part of such an address names.

    Raises:
        NotFound: it is none of ours (`not_found`).
    """
    try:
        plain = unseal_by_any(secret_keys(), _PURPOSE, urlsafe_b64decode(token.encode()), b"")
    except (Unreadable, NotBase64, ValueError) as error:
        raise NotFound("invitation", token[:12]) from error
    return UUID(bytes=plain[:16]), UUID(bytes=plain[16:])
