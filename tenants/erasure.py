"""The pseudonym of who was erased, and the hashes by which a former key is recognised (pure)."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from uuid import UUID

import msgspec

__all__ = ("ERASED", "PURPOSE", "alias_of", "hashes_of", "pseudonym_of", "salt_of", "was_known_as")

PURPOSE = "tollbook erasures"
ERASED = "erased"
"""The scheme of identities whose sender's name is gone: no sender names one of it, whatever they call somebody."""


_ALIAS = re.compile(r"erased-[0-9a-f]{24}")


class _Hashes(msgspec.Struct):
    salt: bytes
    hashes: dict[str, bytes]


def pseudonym_of(person_id: UUID) -> str:
    """Return what an erased person is called: from the random part of the id, which names nobody.

    >>> pseudonym_of(UUID("01890000-0000-7000-8000-00000000dead"))
    'erased-00000000dead'
    """
    return f"erased-{person_id.hex[-12:]}"


def hashes_of(keys: Mapping[int, str], salt: bytes) -> bytes:
    """Return identity → hash of its key, as text to be sealed: keys are guessed easily, so that no hash lies open."""
    return msgspec.json.encode(_Hashes(salt, {str(one): _hash(salt, key) for one, key in keys.items()}))


def salt_of(hashes: bytes) -> bytes:
    """Return what the hashes were made with."""
    return msgspec.json.decode(hashes, type=_Hashes).salt


def alias_of(salt: bytes, name: str) -> str:
    """Return what a device, a session or a client key of somebody erased is called; an alias stays as it is.

    >>> alias_of(b"salt", "ann's laptop") == alias_of(b"salt", alias_of(b"salt", "ann's laptop"))
    True
    """
    return name if _ALIAS.fullmatch(name) else f"erased-{_hash(salt, name).hex()[:24]}"


def was_known_as(hashes: bytes, key: str) -> bool:
    """Tell whether one of the hashes is this key's.

    >>> kept = hashes_of({7: "ann"}, b"salt")
    >>> (was_known_as(kept, "ann"), was_known_as(kept, "bob"))
    (True, False)
    """
    kept = msgspec.json.decode(hashes, type=_Hashes)
    asked = _hash(kept.salt, key)
    return any(hmac.compare_digest(asked, one) for one in kept.hashes.values())


def _hash(salt: bytes, key: str) -> bytes:
    return hashlib.sha256(salt + key.encode("utf-8", "surrogatepass")).digest()
