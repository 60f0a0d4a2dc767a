"""The link by which somebody who was made a user chooses a password: it names the user, sealed, and runs out.

It works once: as soon as there is a password it opens nothing.
"""

from datetime import UTC, datetime
from uuid import UUID

from core.links import named_in, token_of
from core.settings import public_url

__all__ = ("invited_user", "user_link")

_PURPOSE = "tollbook user invitations"


def user_link(user_id: UUID, expires_at: datetime) -> str:
    """Return the address at which a user chooses the first password, until an instant."""
    plain = user_id.bytes + int(expires_at.timestamp()).to_bytes(8)
    return f"{public_url()}/welcome/{token_of(_PURPOSE, plain)}"


def invited_user(token: str) -> tuple[UUID, datetime]:
    """Return the user that the last part of such an address names, and until when it opens.

    Raises:
        NotFound: it is none of ours (`not_found`).
    """
    plain = named_in(_PURPOSE, token)
    return UUID(bytes=plain[:16]), datetime.fromtimestamp(int.from_bytes(plain[16:]), UTC)
