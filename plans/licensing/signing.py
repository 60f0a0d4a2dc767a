"""Signatures that are verified offline: Ed25519, as compact JWS (RFC 7515, RFC 8037), with a published key set.

The keys are derived from `SECRET_KEY`, so that all processes have the same and none is stored. While
`SECRET_KEY_BEFORE` is set, its key is published too: what was signed before a rotation still verifies.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import OKPKey

from core.settings import secret_key, secret_keys
from metering.leases import Stretch

__all__ = ("grant_of", "key_set", "signed")

ALGORITHM = "Ed25519"
GRANT = "tollbook-grant+jwt"


@cache
def _key(secret: str) -> OKPKey:
    seed = HKDF(SHA256(), 32, None, b"tollbook licences").derive(secret.encode())
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return OKPKey.import_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def key_set() -> dict[str, Any]:
    """Return the public keys as a JSON Web Key Set (RFC 7517), the one that signs first."""
    keys = [_key(secret) for secret in secret_keys()]
    named = [{"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM, **key.as_dict(private=False)} for key in keys]
    return {"keys": named}


def signed(kind: str, claims: Mapping[str, Any]) -> str:
    """Return claims as a compact JWS whose header names the key and the kind (`typ`)."""
    key = _key(secret_key())
    header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": kind}
    body = msgspec.json.encode(claims, order="deterministic")
    return jws.serialize_compact(header, body, key, algorithms=[ALGORITHM])


def grant_of(stretch: Stretch, tenant: str) -> str:
    """Return the offline grant of a borrowed lease; the same lease gives the same grant.

    Args:
        stretch: borrowed.
        tenant: the slug of whose pool it is.
    """
    claims = {
        "iss": "tollbook",
        "aud": tenant,
        "jti": str(stretch.lease_id),
        "pool": stretch.pool,
        "client_key": stretch.client_key,
        "device": stretch.device_id,
        "nbf": _seconds(stretch.starts_at),
        "exp": _seconds(stretch.ends_at),
    }
    return signed(GRANT, claims)


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
