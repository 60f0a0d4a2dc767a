"""The talk with a provider: what it publishes, its keys, and a code for a token. The only place that calls it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.settings import load_sso_networks
from tenants.calling import AddressForbidden, Call, call, check_url
from tenants.sso.errors import CodeRefused, ProviderInvalid, ProviderUnreachable

__all__ = ("Client", "Metadata", "authorization_url", "discover", "forget_kept", "keys_of", "redeem", "user_info")

WHOLE_S = 5.0
"""How long one call may take: somebody waits for it."""
ANSWER_MAX = 512_000
KEPT_S = 300.0
_KEPT_MAX = 1_000
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


class Metadata(msgspec.Struct, frozen=True):
    """What a provider publishes about itself, as far as it matters here (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """What Tollbook is to the provider."""

    client_id: str
    secret: str | None = field(repr=False)
    redirect_uri: str
    scopes: str


_metadata: dict[str, tuple[float, Metadata]] = {}
_keys: dict[str, tuple[float, KeySet]] = {}


def forget_kept() -> None:
    """Ask every provider anew: what was kept of them is forgotten."""
    _metadata.clear()
    _keys.clear()


def discover(issuer: str, *, fresh: bool = False) -> Metadata:
    """Return what a provider publishes, as it was within the last five minutes.

    Raises:
        ProviderUnreachable: it does not answer, or must not be called (`sso_provider_unreachable`).
        ProviderInvalid: it calls itself otherwise, or leaves something out (`sso_provider_invalid`).
    """
    kept = _metadata.get(issuer)
    if kept and not fresh and kept[0] > time.monotonic():
        return kept[1]
    address = get_well_known_url(issuer, external=True)
    try:
        found = msgspec.json.decode(_get(address), type=Metadata)
    except msgspec.MsgspecError as error:
        raise ProviderInvalid(f"{address} is no description of an OpenID Connect provider: {error}.") from error
    if found.issuer != issuer:
        text = f"The provider calls itself '{found.issuer[:200]}', not '{issuer}'. Enter its name exactly so."
        raise ProviderInvalid(text)
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
    for endpoint in filter(None, endpoints):
        try:
            check_url(endpoint, load_sso_networks())
        except AddressForbidden as reason:
            raise ProviderUnreachable(f"The provider names {endpoint[:200]}. {reason}") from reason
    _keep(_metadata, issuer, found)
    return found


def keys_of(metadata: Metadata, *, fresh: bool = False) -> KeySet:
    """Return a provider's public keys, as they were within the last five minutes.

    Raises:
        ProviderUnreachable, ProviderInvalid: as above; no key at all is invalid.
    """
    kept = _keys.get(metadata.jwks_uri)
    if kept and not fresh and kept[0] > time.monotonic():
        return kept[1]
    try:
        document = json.loads(_get(metadata.jwks_uri))
        found = KeySet.import_key_set({"keys": [one for one in document["keys"] if one.get("kty") != "oct"]})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderInvalid(f"{metadata.jwks_uri} has no keys that can be read.") from error
    if not found.keys:
        raise ProviderInvalid(f"{metadata.jwks_uri} has no public key.")
    _keep(_keys, metadata.jwks_uri, found)
    return found


def authorization_url(metadata: Metadata, client: Client, state: str, nonce: str, verifier: str) -> str:
    """Return where the browser goes."""
    url, _ = _oauth(metadata, client).create_authorization_url(
        metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
    )
    return str(url)


def redeem(metadata: Metadata, client: Client, code: str, verifier: str) -> Mapping[str, Any]:
    """Exchange a code for tokens; what comes is not proven yet.

    Raises:
        CodeRefused: the provider says no (`sso_code_refused`).
        ProviderUnreachable, ProviderInvalid: as above.
    """
    try:
        answer = _oauth(metadata, client).fetch_token(
            metadata.token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
        )
    except OAuth2Error as error:
        code = str(error.error or "")
        raise CodeRefused(_refusal(code, str(error.description or "")), code) from error
    except (ValueError, TypeError) as error:
        raise ProviderInvalid(f"The provider's token endpoint answered nothing that can be read: {error}") from error
    return dict(answer)


def user_info(metadata: Metadata, access_token: str) -> Mapping[str, Any]:
    """Return what the provider says of a user beside the token; nothing where it says nothing readable."""
    if metadata.userinfo_endpoint is None:
        return {}
    try:
        found = json.loads(_get(metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"}))
    except (ValueError, ProviderUnreachable):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(error: str, description: str) -> str:
    said = f"{error}: {description}".strip(": ")[:300] or "no reason"
    if error in {"invalid_client", "unauthorized_client"}:
        return f"The provider does not accept the client id and secret that are set here ({said})."
    return f"The provider did not take the sign-in's code: it is good once and for a short time ({said}). Begin again."


def _oauth(metadata: Metadata, client: Client) -> OAuth2Client:
    return OAuth2Client(
        _Line(),
        client_id=client.client_id,
        client_secret=client.secret,
        redirect_uri=client.redirect_uri,
        scope=client.scopes,
        code_challenge_method="S256",
        token_endpoint_auth_method=_auth_method(metadata, client),
    )


def _auth_method(metadata: Metadata, client: Client) -> str:
    """Choose how the client proves itself: HTTP Basic, as every provider must know, unless it would be misread.

    authlib does not escape what goes into Basic, as RFC 6749 asks for; so odd characters travel in the body.
    """
    if client.secret is None:
        return "none"
    known, plain = metadata.token_endpoint_auth_methods_supported, _PLAIN.issuperset(client.client_id + client.secret)
    basic = "client_secret_basic" in known and (plain or "client_secret_post" not in known)
    return "client_secret_basic" if basic or "client_secret_post" not in known else "client_secret_post"


@dataclass(frozen=True, slots=True)
class _Response:
    """An answer as authlib reads one."""

    status_code: int
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        raise ProviderUnreachable(f"The provider's token endpoint answered with HTTP {self.status_code}.")


class _Line:
    """The session that authlib posts by: bounded, and to public addresses only."""

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth) -> _Response:
        url, prepared, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        answer = call(url, Call(body.encode(), prepared, keep=ANSWER_MAX, whole_s=WHOLE_S), load_sso_networks())
        if answer.status is None:
            raise ProviderUnreachable(f"{url} could not be called. {answer.error}")
        return _Response(answer.status, answer.body)


def _get(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    given = Call(b"", {"Accept": "application/json"} | dict(headers or {}), "GET", ANSWER_MAX, WHOLE_S)
    answer = call(url, given, load_sso_networks())
    if answer.status is None:
        raise ProviderUnreachable(f"{url} could not be called. {answer.error}")
    if not answer.well:
        raise ProviderUnreachable(f"{url} answered with HTTP {answer.status}.")
    return answer.body


def _keep(kept: dict[str, tuple[float, Any]], key: str, value: object) -> None:
    if len(kept) >= _KEPT_MAX:
        kept.clear()
    kept[key] = (time.monotonic() + KEPT_S, value)
