"""An id_token proves somebody only when all of it holds."""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tenants.sso.errors import TokenInvalid
from tenants.sso.tokens import Expected, UnknownKey, proven_claims

KEY, OTHER = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})
KEYS = KeySet([RSAKey.import_key(KEY.as_dict(private=False))])
NOW = 1_800_000_000
GOOD = {"iss": "https://id.example", "sub": "7", "aud": "tollbook", "exp": NOW + 300, "iat": NOW, "nonce": "n"}
EXPECTED = Expected("https://id.example", "tollbook", "n")


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    header = {"alg": "RS256", "kid": "one"} | (header or {})
    return jwt.encode(header, claims, key, algorithms=["RS256"])


def forged(claims: dict[str, Any], secret: bytes) -> str:
    """Return a token with a code by a secret instead of a signature; the library itself would refuse a public key."""
    body = _body("HS256", claims)
    return f"{body}.{_base64(hmac.digest(secret, body.encode(), 'sha256'))}"


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token that says itself that nobody signed it."""
    return f"{_body('none', claims)}."


def _body(algorithm: str, claims: dict[str, Any]) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": "one"}, claims))


def _base64(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def test_a_token_that_holds_gives_its_claims() -> None:
    assert proven_claims(signed(GOOD), KEYS, EXPECTED, NOW)["sub"] == "7"
    assert proven_claims(signed(GOOD | {"aud": ["tollbook", "more"], "azp": "tollbook"}), KEYS, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://else.example"}, "issued by another provider"),
        ({"aud": "another"}, "for another client"),
        ({"aud": ["tollbook", "another"]}, "it has no azp"),
        ({"aud": ["tollbook", "another"], "azp": "another"}, "for another client"),
        ({"exp": NOW - 61}, "it has expired"),
        ({"exp": "soon"}, "it has expired"),
        ({"iat": NOW + 61}, "the provider's clock is wrong"),
        ({"nbf": NOW + 61}, "the provider's clock is wrong"),
        ({"nonce": "another"}, "belongs to another sign-in"),
        ({"at_hash": "AAAA"}, "does not belong to the access token"),
        ({"sub": ""}, ""),
        ({"sub": "s" * 256}, "names no subject"),
        ({"sub": 7}, ""),
    ],
)
def test_a_claim_that_is_wrong_is_named(changed: dict[str, Any], reason: str) -> None:
    expected = Expected("https://id.example", "tollbook", "n", "the access token")

    with pytest.raises(TokenInvalid) as refusal:
        proven_claims(signed(GOOD | changed), KEYS, expected, NOW)

    assert reason in refusal.value.detail


@pytest.mark.parametrize("missing", GOOD)
def test_a_claim_that_is_missing_proves_nobody(missing: str) -> None:
    with pytest.raises(TokenInvalid):
        proven_claims(signed({name: said for name, said in GOOD.items() if name != missing}), KEYS, EXPECTED, NOW)


def test_a_minute_of_another_clock_is_forgiven() -> None:
    assert proven_claims(signed(GOOD | {"exp": NOW - 59, "iat": NOW + 59}), KEYS, EXPECTED, NOW)


def test_a_signature_that_is_not_the_provider_s_proves_nobody() -> None:
    for token in (
        signed(GOOD, key=OTHER),
        unsigned(GOOD),
        forged(GOOD, KEY.as_pem(private=False)),
        forged(GOOD, b"the client's secret"),
        signed(GOOD)[:-4] + "AAAA",
        signed(GOOD).rpartition(".")[0] + ".",
        "nonsense",
        "",
        "a" * 70_000,
    ):
        with pytest.raises(TokenInvalid):
            proven_claims(token, KEYS, EXPECTED, NOW)


def test_a_key_that_is_not_published_is_told_apart_since_there_may_be_a_new_one() -> None:
    with pytest.raises(UnknownKey):
        proven_claims(signed(GOOD, {"kid": "two"}), KEYS, EXPECTED, NOW)
