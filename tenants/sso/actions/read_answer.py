"""Find out whom a provider's answer proves: state, code, token, in this order, and nobody where one is wrong."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.sso.access import Identity, identity_of
from tenants.sso.actions.begin_sign_in import client_of
from tenants.sso.attempts import Attempt, open_attempt
from tenants.sso.errors import AttemptInvalid, ProviderRefused, TokenInvalid
from tenants.sso.provider import Metadata, discover, keys_of, redeem, user_info
from tenants.sso.reads import ProviderView
from tenants.sso.tokens import Expected, UnknownKey, proven_claims

__all__ = ("Arrival", "read_answer")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, and which page they wanted."""

    identity: Identity
    next: str


def read_answer(provider: ProviderView, redirect_uri: str, cookie: str, answer: Mapping[str, str]) -> Arrival:
    """Return whom an answer proves; asks the provider, and touches no row.

    Args:
        provider: as it is set up now.
        redirect_uri: the one that the sign-in began with.
        cookie: what the browser carried.
        answer: the query that it came back with.

    Raises:
        AttemptInvalid: it belongs to no sign-in of this browser (`sso_attempt_invalid`).
        ProviderRefused: the provider said no (`sso_provider_refused`).
        CodeRefused: the code was used, or the client is not accepted (`sso_code_refused`).
        TokenInvalid: what came for the code proves nobody (`sso_token_invalid`).
        ProviderUnreachable, ProviderInvalid: it cannot be talked to (`sso_provider_…`).
    """
    attempt = open_attempt(cookie, answer, provider.tenant_id, int(time.time()))
    if attempt.issuer != provider.issuer:
        raise AttemptInvalid  # another provider was set up meanwhile
    metadata = discover(provider.issuer)
    _check_sender(metadata, answer)
    if "error" in answer:
        said = f"{answer['error']}: {answer.get('error_description', '')}".strip(": ")[:300]
        raise ProviderRefused(f"{provider.name} let nobody in ({said}). Begin again, or ask who runs it.")
    if not answer.get("code"):
        raise AttemptInvalid
    tokens = redeem(metadata, client_of(provider, redirect_uri), answer["code"], attempt.verifier)
    claims = _proven(metadata, provider, attempt, tokens)
    return Arrival(identity_of(_with_more(metadata, provider, claims, tokens), provider.groups_claim), attempt.next)


def _check_sender(metadata: Metadata, answer: Mapping[str, str]) -> None:
    """Refuse an answer of another provider, where they say who they are (RFC 9207)."""
    sender = answer.get("iss")
    if (sender is not None or metadata.authorization_response_iss_parameter_supported) and sender != metadata.issuer:
        raise TokenInvalid("the answer came from another provider")


def _proven(metadata: Metadata, provider: ProviderView, attempt: Attempt, tokens: Mapping[str, Any]) -> dict[str, Any]:
    token, access = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(token, str):
        raise TokenInvalid("there is none")
    expected = Expected(metadata.issuer, provider.client_id, attempt.nonce, access if isinstance(access, str) else None)
    # The provider compares with its own clock: the machine's, not a demo's.
    now_s = int(time.time())
    try:
        return proven_claims(token, keys_of(metadata), expected, now_s)
    except UnknownKey:
        return proven_claims(token, keys_of(metadata, fresh=True), expected, now_s)


def _with_more(
    metadata: Metadata, provider: ProviderView, claims: dict[str, Any], tokens: Mapping[str, Any]
) -> dict[str, Any]:
    """Add what some providers tell at their userinfo endpoint only; who it is stays what the token proved."""
    wanted = ["email", "name", *([provider.groups_claim] if provider.group_roles else [])]
    access = tokens.get("access_token")
    if not isinstance(access, str) or all(one in claims for one in wanted):
        return claims
    more = user_info(metadata, access)
    if more.get("sub") != claims["sub"]:
        return claims
    # An address and its verification are one statement: they come from one place.
    taken = {name: more[name] for name in wanted if name in more and name not in claims}
    if "email" in taken:
        taken["email_verified"] = more.get("email_verified", False)
    return claims | taken
