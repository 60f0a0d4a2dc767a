"""What an id_token proves (pure): signature, issuer, audience, time and nonce, or the first thing that is wrong."""

from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet

from tenants.sso.errors import TokenInvalid

__all__ = ("ALGORITHMS", "LEEWAY_S", "Expected", "UnknownKey", "proven_claims")

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Signatures by a key that the provider alone has: no `none`, and nothing that the client's secret could make."""
LEEWAY_S = 60
SUBJECT_MAX = 255
TOKEN_MAX = 65_536


class UnknownKey(TokenInvalid):
    """The token names a key that is not among those that are known: the provider may have a new one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose token it must be, for whom, and which sign-in's."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None = None


def proven_claims(token: str, keys: KeySet, expected: Expected, now_s: int) -> dict[str, Any]:
    """Return the claims of an id_token that holds.

    Args:
        token: as the token endpoint gave it.
        keys: the provider's public keys.
        expected: what must stand in it.
        now_s: seconds since the epoch, of the machine's clock: the provider compares with its own.

    Raises:
        UnknownKey: no key has its id.
        TokenInvalid: anything else that is wrong (`sso_token_invalid`).
    """
    if len(token) > TOKEN_MAX:
        raise TokenInvalid("it is too long")
    try:
        decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
            },
            params={
                "nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token,
            },
        )  # fmt: skip
        claims.validate(now=now_s, leeway=LEEWAY_S)
    except InvalidKeyIdError as error:
        raise UnknownKey("it is signed by a key that the provider does not publish") from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenInvalid(_reason(error)) from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX:
        raise TokenInvalid("it names no subject")
    return dict(claims)


_CLAIMS = {
    "iss": "it was issued by another provider",
    "aud": "it was issued for another client",
    "azp": "it was issued for another client",
    "nonce": "it belongs to another sign-in",
    "exp": "it has expired",
    "iat": "it was issued in the future; the provider's clock is wrong",
    "nbf": "it does not hold yet; the provider's clock is wrong",
    "at_hash": "it does not belong to the access token that came with it",
}


def _reason(error: Exception) -> str:
    match error:
        case ExpiredTokenError():
            return _CLAIMS["exp"]
        case BadSignatureError():
            return "its signature is not the provider's"
        case MissingClaimError():
            return f"it has no {error.claim}"
        case InvalidClaimError():
            return _CLAIMS.get(error.claim, f"its {error.claim} is wrong")
        case _:
            return f"it cannot be read ({getattr(error, 'error', type(error).__name__)})"
