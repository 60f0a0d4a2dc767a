"""The link by which somebody who was made a user chooses a password: it names the user, sealed, and runs out.

It works once: as soon as there is a password it opens nothing.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime
from uuid import UUID

from core.errors import NotFound
from core.sealing import Unreadable, derived_key, seal, unseal_by_any
from core.settings import public_url, secret_key, secret_keys

__all__ = ("invited_user", "user_link")

_PURPOSE = "tollbook user invitations"


def user_link(user_id: UUID, expires_at: datetime) -> str:
    """Return the address at which a user chooses the first password, until an instant."""
    plain = user_id.bytes + int(expires_at.timestamp()).to_bytes(8)
    sealed = seal(derived_key(secret_key(), _PURPOSE), plain, b"")
    return f"{public_url()}/welcome/{urlsafe_b64encode(sealed).decode()}"


def invited_user(token: str) -> tuple[UUID, datetime]:
    """Return the user that the last part of such an address names, and until when it opens.

    Raises:
        NotFound: it is none of ours (`not_found`).
    """
    try:
        plain = unseal_by_any(secret_keys(), _PURPOSE, urlsafe_b64decode(token.encode()), b"")
    except (Unreadable, NotBase64, ValueError) as error:
        raise NotFound("invitation", token[:12]) from error
    return UUID(bytes=plain[:16]), datetime.fromtimestamp(int.from_bytes(plain[16:]), UTC)
