"""Originals under a key per person: who loses the key, loses what it sealed (pure).

A statement's bytes are compressed and sealed by AES-GCM under its actor's key; that key is itself
wrapped by one that is derived from the service's SECRET_KEY. To forget a person is to delete a row.
"""

import os
from collections.abc import Callable
from functools import cache

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ("Unreadable", "Vault")

_NONCE = 12
_MAX_PLAIN = 20_000_000


class Unreadable(Exception):
    """It was not sealed by this key, or is not what was sealed."""


@cache
def _wrapping_key(secret: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, b"tollbook xapi originals").derive(secret.encode()))


class Vault:
    """Seals and opens by wrapped keys; `bound` ties what is sealed to its row."""

    def __init__(self, secret: str) -> None:
        self._outer = _wrapping_key(secret)

    def new_key(self, bound: bytes) -> bytes:
        """Return a fresh key, wrapped."""
        return _seal(self._outer, os.urandom(32), bound)

    def sealer(self, wrapped: bytes, bound_key: bytes) -> Callable[[bytes, bytes], bytes]:
        """Return what compresses and seals plain bytes, given what they are bound to, under a wrapped key.

        Raises:
            Unreadable: the key was wrapped by another secret.
        """
        inner, compress = self._inner(wrapped, bound_key), zstandard.ZstdCompressor(level=3).compress
        return lambda plain, bound: _seal(inner, compress(plain), bound)

    def opener(self, wrapped: bytes, bound_key: bytes) -> Callable[[bytes, bytes], bytes]:
        """Return what gives sealed bytes back; it raises `Unreadable` where they are another row's.

        Raises:
            Unreadable: the key was wrapped by another secret.
        """
        inner = self._inner(wrapped, bound_key)
        unpacker = zstandard.ZstdDecompressor()
        return lambda sealed, bound: unpacker.decompress(_open(inner, sealed, bound), max_output_size=_MAX_PLAIN)

    def _inner(self, wrapped: bytes, bound_key: bytes) -> AESGCM:
        return AESGCM(_open(self._outer, wrapped, bound_key))


def _seal(key: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, bound)


def _open(key: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except InvalidTag:
        raise Unreadable from None
