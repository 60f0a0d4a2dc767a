"""Links that are their own proof: what they name is sealed, so that nobody else can make one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from core.errors import NotFound
from core.sealing import Unreadable, derived_key, seal, unseal_by_any
from core.settings import secret_key, secret_keys

__all__ = ("named_in", "token_of")


def token_of(purpose: str, names: bytes) -> str:
    """Return the last part of an address; it opens for this purpose only."""
    return urlsafe_b64encode(seal(derived_key(secret_key(), purpose), names, b"")).decode()


def named_in(purpose: str, token: str) -> bytes:
    """Return what the last part of such an address names.

    Raises:
        NotFound: it is none of ours (`not_found`).
    """
    try:
        return unseal_by_any(secret_keys(), purpose, urlsafe_b64decode(token.encode()), b"")
    except (Unreadable, NotBase64, ValueError) as error:
        raise NotFound("invitation", token[:12]) from error
