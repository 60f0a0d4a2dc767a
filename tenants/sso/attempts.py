"""What a sign-in has to remember between leaving for the provider and coming back, sealed for the browser to carry.

A cookie instead of a row: whoever begins a thousand sign-ins fills nothing. Nobody can read or make
one, it belongs to one browser, and a code in an answer is good once, which is the provider's to watch.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from uuid import UUID

import msgspec

from core.ids import new_token
from core.sealing import Unreadable, derived_key, seal, unseal_by_any
from core.settings import secret_key, secret_keys
from tenants.sso.errors import AttemptInvalid

__all__ = ("LIFE_S", "Attempt", "new_attempt", "open_attempt", "sealed_attempt")

LIFE_S = 600
PURPOSE = "tollbook sign-in attempts"
_BOUND = b"attempt"
NEXT_MAX = 1_000


class Attempt(msgspec.Struct, frozen=True):
    """One sign-in under way."""

    tenant_id: UUID
    issuer: str
    state: str
    nonce: str
    verifier: str
    next: str
    ends_at_s: int


def new_attempt(tenant_id: UUID, issuer: str, target: str, now_s: int) -> Attempt:
    """Begin one; each secret has 256 random bits."""
    target = target if len(target) <= NEXT_MAX else "/"
    return Attempt(tenant_id, issuer, new_token("st"), new_token("n"), new_token("v"), target, now_s + LIFE_S)


def sealed_attempt(attempt: Attempt) -> str:
    """Return the cookie's value."""
    sealed = seal(derived_key(secret_key(), PURPOSE), msgspec.json.encode(attempt), _BOUND)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_attempt(cookie: str, answer: Mapping[str, str], tenant_id: UUID, now_s: int) -> Attempt:
    """Return the sign-in that an answer of the provider belongs to.

    Raises:
        AttemptInvalid: no cookie, another's state, another customer's, or too late (`sso_attempt_invalid`).
    """
    try:
        sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        plain = unseal_by_any(secret_keys(), PURPOSE, sealed, _BOUND)
        attempt = msgspec.json.decode(plain, type=Attempt)
    except (Unreadable, binascii.Error, ValueError) as error:
        raise AttemptInvalid from error
    same = hmac.compare_digest(attempt.state.encode(), answer.get("state", "").encode("utf-8", "surrogatepass"))
    if not same or attempt.tenant_id != tenant_id or now_s >= attempt.ends_at_s:
        raise AttemptInvalid
    return attempt
