"""Secrets that must be read back, sealed under keys that are derived from SECRET_KEY (AES-256-GCM)."""

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ("Unreadable", "derived_key", "seal", "unseal", "unseal_by_any")

_NONCE = 12


class Unreadable(Exception):
    """It was not sealed by this key, or is not what was sealed."""


@cache
def derived_key(secret: str, purpose: str) -> AESGCM:
    """Return the key of one purpose: what is sealed for one opens for no other."""
    return AESGCM(HKDF(SHA256(), 32, None, purpose.encode()).derive(secret.encode()))


def seal(key: AESGCM, plain: bytes, bound: bytes) -> bytes:
    """Seal bytes; `bound` ties them to their row, so that they open nowhere else."""
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, bound)


def unseal(key: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    """Give sealed bytes back.

    Raises:
        Unreadable: another key sealed them, or they are another row's.
    """
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except InvalidTag:
        raise Unreadable from None


def unseal_by_any(secrets: Iterable[str], purpose: str, sealed: bytes, bound: bytes) -> bytes:
    """Give back what one of the secrets' keys of a purpose sealed: the present one, or the one before.

    Raises:
        Unreadable: none of them did.
    """
    for secret in secrets:
        with suppress(Unreadable):
            return unseal(derived_key(secret, purpose), sealed, bound)
    raise Unreadable
