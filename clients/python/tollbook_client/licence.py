"""Verify a Tollbook licence file or offline grant with no network.

Signature, validity, machine, recall, and a clock that was set back.

Needs `cryptography` (the extra `licences`).
"""

import base64
import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ("Grant", "Licence", "LicenceInvalid", "Offline", "Watermark")

LICENCE = "tollbook-licence+jwt"
REVOCATIONS = "tollbook-revocations+jwt"
GRANT = "tollbook-grant+jwt"
ALGORITHMS = ("Ed25519", "EdDSA")
"""RFC 9864 names the curve, RFC 8037 the family; the key says which curve it is."""
SKEW_S = 300
"""So far a clock may be behind: before it counts as set back, and before a file that has just begun is refused."""


class LicenceInvalid(Exception):
    """The licence file or grant is not valid here and now; `code` says why.

    `malformed`, `wrong_kind`, `unknown_key`, `forged`, `other_tenant`, `other_pool`, `not_yet_valid`, `expired`,
    `other_machine`, `revoked`, `revocations_missing`, `revocations_outdated`, `clock_set_back`.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence file that was verified."""

    id: str
    claims: Mapping[str, Any]

    def limit(self, feature: str) -> int | None:
        """Return how far a feature goes: 0 where it is not granted, None without limit."""
        found = self.claims["entitlements"].get(feature)
        limit: int | None = 0 if found is None else found.get("limit")
        return limit

    def grants(self, feature: str) -> bool:
        """Return whether a feature may be used."""
        return feature in self.claims["entitlements"]


@dataclass(frozen=True, slots=True)
class Grant:
    """An offline grant that was verified: `id` is the lease's, which is released by it to give the seat back early."""

    id: str
    pool: str
    client_key: str
    expires_at: int
    """Seconds since 1970: up to then, not included, the program may run."""


class Watermark:
    """The latest instant that was ever seen, kept in a file: a clock that is behind it was set back.

    Who can write the file can also remove it; keep it where only the program may write.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def read(self) -> dict[str, int]:
        """Return the marks: `seen`, and `list`, the time of the newest revocation list; 0 before there was one."""
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError, KeyError):
            kept = json.loads(self._path.read_text())
            return {"seen": int(kept["seen"]), "list": int(kept["list"])}
        return {"seen": 0, "list": 0}

    def write(self, marks: Mapping[str, int]) -> None:
        """Keep the marks, whole or not at all."""
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        beside.write_text(json.dumps(marks))
        beside.replace(self._path)


@dataclass(frozen=True, slots=True)
class Offline:
    """What an installation has at hand to verify licence files and offline grants of one customer.

    Args:
        keys: the key set, as `GET /.well-known/jwks.json` answered it.
        tenant: the customer's slug.
        fingerprint: of this machine, in the notation in which licence files were asked for; of a grant the `device`.
        watermark: where the latest instant is kept; without one, a clock set back is seen only against the
            time of issue.
        needs_revocations: refuse where there is no current revocation list.
    """

    keys: Mapping[str, Any]
    tenant: str
    fingerprint: str = ""
    watermark: Watermark | None = None
    needs_revocations: bool = False

    def verify(self, licence: str, now: float, revocations: str | None = None) -> Licence:
        """Return the licence of a file.

        Args:
            licence: the file's content, a compact JWS.
            now: seconds since 1970, by this machine.
            revocations: the newest list that is at hand, as `GET /v1/licence-files/revoked` answered it.

        Raises:
            LicenceInvalid: it is not valid here and now; `code` says why.
        """
        claims = self._opened(licence, LICENCE)
        listed = None if revocations is None else self._opened(revocations, REVOCATIONS)
        self._look_at_clock(now, claims, listed)
        if now < claims["nbf"] - SKEW_S:
            raise LicenceInvalid("not_yet_valid", "The licence file is not valid yet.")
        if now >= claims["exp"]:
            raise LicenceInvalid("expired", "The licence file is over: fetch a new one.")
        if claims.get("fingerprint") not in (None, self.fingerprint):
            raise LicenceInvalid("other_machine", "The licence file is for another machine.")
        self._look_at_list(now, str(claims["jti"]), listed)
        return Licence(str(claims["jti"]), claims)

    def verify_grant(self, grant: str, pool: str, now: float) -> Grant:
        """Return what an offline grant gives: a seat of that pool, on this device.

        Args:
            grant: as the checkout answered it, a compact JWS.
            pool: the key of the pool that the program needs a seat of.
            now: seconds since 1970, by this machine.

        Raises:
            LicenceInvalid: it is not valid here and now; `code` says why.
        """
        claims = self._opened(grant, GRANT)
        self._look_at_clock(now, claims | {"iat": claims["nbf"]}, None)
        if claims["pool"] != pool:
            raise LicenceInvalid("other_pool", f"The grant is a seat of '{claims['pool']}'.")
        if now >= claims["exp"]:
            raise LicenceInvalid("expired", "The grant is over: check out again.")
        if claims["device"] not in (None, self.fingerprint):
            raise LicenceInvalid("other_machine", "The grant is for another device.")
        return Grant(str(claims["jti"]), pool, str(claims["client_key"]), int(claims["exp"]))

    def _opened(self, token: str, kind: str) -> dict[str, Any]:
        claims = _verified(token.strip(), kind, self.keys)
        if claims["aud"] != self.tenant:
            raise LicenceInvalid("other_tenant", f"It was issued for '{claims['aud']}'.")
        return claims

    def _look_at_clock(self, now: float, claims: Mapping[str, Any], listed: Mapping[str, Any] | None) -> None:
        marks = self.watermark.read() if self.watermark else {"seen": 0, "list": 0}
        signed_at = max(int(claims["iat"]), int(listed["iat"]) if listed else 0)
        if now < max(marks["seen"], signed_at) - SKEW_S:
            raise LicenceInvalid("clock_set_back", "This machine's clock is behind a time that was seen before.")
        if listed is not None and listed["iat"] < marks["list"]:
            raise LicenceInvalid("revocations_outdated", "A newer revocation list was seen before: use that one.")
        if self.watermark:
            newest = max(marks["list"], int(listed["iat"]) if listed else 0)
            self.watermark.write({"seen": max(marks["seen"], int(now)), "list": newest})

    def _look_at_list(self, now: float, licence_id: str, listed: Mapping[str, Any] | None) -> None:
        if listed is None:
            if self.needs_revocations:
                raise LicenceInvalid("revocations_missing", "Fetch the revocation list.")
            return
        if licence_id in listed["revoked"]:
            raise LicenceInvalid("revoked", "The licence file was recalled.")
        if now >= listed["exp"]:
            raise LicenceInvalid("revocations_outdated", "The revocation list is over: fetch a new one.")


def _verified(token: str, kind: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a compact JWS (RFC 7515) that one of the keys has signed."""
    try:
        head, body, signature = token.split(".")
        header, signed = json.loads(_bytes(head)), _bytes(signature)
        algorithm, key_id, typ = header["alg"], header["kid"], header["typ"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LicenceInvalid("malformed", "This is no licence file and no grant.") from error
    if typ != kind or algorithm not in ALGORITHMS:
        raise LicenceInvalid("wrong_kind", f"A '{kind}' signed with Ed25519 was expected.")
    try:
        _key(keys, key_id).verify(signed, f"{head}.{body}".encode("ascii"))
    except (InvalidSignature, UnicodeEncodeError) as error:
        raise LicenceInvalid("forged", "The signature is not Tollbook's.") from error
    claims: dict[str, Any] = json.loads(_bytes(body))
    return claims


def _key(keys: Mapping[str, Any], key_id: object) -> Ed25519PublicKey:
    for key in keys["keys"]:
        if key.get("kid") == key_id and key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
            return Ed25519PublicKey.from_public_bytes(_bytes(key["x"]))
    raise LicenceInvalid("unknown_key", "The key set has no such key: fetch it anew, or what it signs.")


def _bytes(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 §2), strictly."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
