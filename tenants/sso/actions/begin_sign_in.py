"""Send somebody to their organisation's provider."""

import time
from dataclasses import dataclass

from core.sealing import Unreadable, unseal_by_any
from core.settings import secret_keys
from tenants.sso.attempts import new_attempt, sealed_attempt
from tenants.sso.errors import ProviderInvalid
from tenants.sso.provider import Client, authorization_url, discover
from tenants.sso.reads import ProviderView

__all__ = ("PURPOSE", "Begun", "begin_sign_in", "client_of")

PURPOSE = "tollbook sign-in secrets"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and the cookie that it carries meanwhile."""

    url: str
    cookie: str


def begin_sign_in(provider: ProviderView, redirect_uri: str, target: str) -> Begun:
    """Return where a sign-in begins; asks the provider, and touches no row.

    Args:
        provider: whose people come.
        redirect_uri: where the provider sends them back to.
        target: the page that they wanted, on this site.

    Raises:
        ProviderUnreachable, ProviderInvalid: it cannot be talked to (`sso_provider_…`).
    """
    metadata, client = discover(provider.issuer), client_of(provider, redirect_uri)
    attempt = new_attempt(provider.tenant_id, provider.issuer, target, int(time.time()))
    url = authorization_url(metadata, client, attempt.state, attempt.nonce, attempt.verifier)
    return Begun(url, sealed_attempt(attempt))


def client_of(provider: ProviderView, redirect_uri: str) -> Client:
    """Return what Tollbook is to a provider, with its secret opened.

    Raises:
        ProviderInvalid: the secret opens under no SECRET_KEY (`sso_provider_invalid`).
    """
    secret = None
    if provider.sealed_secret is not None:
        try:
            opened = unseal_by_any(secret_keys(), PURPOSE, provider.sealed_secret, provider.tenant_id.bytes)
        except Unreadable as error:
            raise ProviderInvalid(
                "The client secret opens under no SECRET_KEY of the service. Enter it anew."
            ) from error
        secret = opened.decode()
    scopes = " ".join(dict.fromkeys(["openid", "profile", "email", *provider.scopes.split()]))
    return Client(provider.client_id, secret, redirect_uri, scopes)
