"""Originals under a key per person: who loses the key, loses what it sealed (pure).

A statement's bytes are compressed and sealed by AES-GCM under its actor's key, those whom it mentions
under theirs (`mentions.py`); a key is itself wrapped by one that is derived from the service's
SECRET_KEY. To forget a person is to delete a row.
"""

import os
from collections.abc import Callable

import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.sealing import Unreadable, derived_key, seal, unseal

__all__ = ("Unreadable", "Vault")

_MAX_PLAIN = 20_000_000
PURPOSE = "tollbook xapi originals"


class Vault:
    """Seals and opens by wrapped keys; `bound` ties what is sealed to its row.

    Keys are wrapped under the first secret, and opened under any: the others are those before it.
    """

    def __init__(self, secret: str, *before: str) -> None:
        self._outer = derived_key(secret, PURPOSE)
        self._before = tuple(derived_key(one, PURPOSE) for one in before)

    def new_key(self, bound: bytes) -> bytes:
        """Return a fresh key, wrapped."""
        return seal(self._outer, os.urandom(32), bound)

    def sealer(self, wrapped: bytes, bound_key: bytes) -> Callable[[bytes, bytes], bytes]:
        """Return what compresses and seals plain bytes, given what they are bound to, under a wrapped key.

        Raises:
            Unreadable: the key was wrapped by another secret.
        """
        inner, compress = self._inner(wrapped, bound_key), zstandard.ZstdCompressor(level=3).compress
        return lambda plain, bound: seal(inner, compress(plain), bound)

    def opener(self, wrapped: bytes, bound_key: bytes) -> Callable[[bytes, bytes], bytes]:
        """Return what gives sealed bytes back; it raises `Unreadable` where they are another row's.

        Raises:
            Unreadable: the key was wrapped by another secret.
        """
        inner = self._inner(wrapped, bound_key)
        unpacker = zstandard.ZstdDecompressor()
        return lambda sealed, bound: unpacker.decompress(unseal(inner, sealed, bound), max_output_size=_MAX_PLAIN)

    def rewrapped(self, wrapped: bytes, bound_key: bytes) -> bytes | None:
        """Return a key wrapped under the first secret; None where it is.

        Raises:
            Unreadable: it was wrapped under none of the secrets.
        """
        try:
            unseal(self._outer, wrapped, bound_key)
        except Unreadable:
            return seal(self._outer, self._plain(wrapped, bound_key), bound_key)
        return None

    def _inner(self, wrapped: bytes, bound_key: bytes) -> AESGCM:
        return AESGCM(self._plain(wrapped, bound_key))

    def _plain(self, wrapped: bytes, bound_key: bytes) -> bytes:
        for outer in (self._outer, *self._before):
            try:
                return unseal(outer, wrapped, bound_key)
            except Unreadable:
                continue
        raise Unreadable
