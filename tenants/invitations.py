"""The link by which somebody chooses a password: it names the user, sealed, runs out, and works once.

It carries a mark of the password that the user had when it was made: as soon as there is another one it opens nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from core.links import named_in, token_of
from core.settings import public_url

__all__ = ("NO_PASSWORD", "UserLink", "mark_of", "read_user_link", "user_link")

_PURPOSE = "tollbook user invitations"
_MARK_BYTES = 8
NO_PASSWORD = bytes(_MARK_BYTES)
"""The mark of who has none yet."""


@dataclass(frozen=True, slots=True)
class UserLink:
    """Whom a link lets choose a password, until when, and in place of which one."""

    user_id: UUID
    expires_at: datetime
    mark: bytes


def mark_of(password_hash: str | None) -> bytes:
    """Return what tells one password of a user from the next, and nothing of either."""
    return NO_PASSWORD if password_hash is None else sha256(password_hash.encode()).digest()[:_MARK_BYTES]


def user_link(link: UserLink) -> str:
    """Return the address at which a user chooses a password, to the second until when."""
    plain = link.user_id.bytes + int(link.expires_at.timestamp()).to_bytes(8) + link.mark
    return f"{public_url()}/welcome/{token_of(_PURPOSE, plain)}"


def read_user_link(token: str) -> UserLink:
    """Return what the last part of such an address says.

    Raises:
        NotFound: it is none of ours (`not_found`).
    """
    plain = named_in(_PURPOSE, token)
    until = datetime.fromtimestamp(int.from_bytes(plain[16:24]), UTC)
    # Those of the previous release have no mark: whoever was invited had no password.
    return UserLink(UUID(bytes=plain[:16]), until, plain[24:] or NO_PASSWORD)
