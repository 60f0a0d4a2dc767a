"""Try a provider without anybody signing in, and say exactly what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Refused
from tenants.sso.actions.begin_sign_in import client_of
from tenants.sso.errors import CodeRefused
from tenants.sso.provider import discover, keys_of, redeem
from tenants.sso.reads import ProviderView

__all__ = ("Finding", "try_provider")

NO_CODE = "tollbook-tries-the-client-without-a-sign-in"
_VERIFIER = "v" * 43


@dataclass(frozen=True, slots=True)
class Finding:
    """One step: `well` None where it could not be told."""

    step: str
    """`description`, `keys` or `client`."""
    well: bool | None
    detail: str


def try_provider(provider: ProviderView, redirect_uri: str) -> tuple[Finding, ...]:
    """Return what came of each step, in order, up to the first that failed; asks the provider anew.

    A code that no provider gave is sent for exchange: it must be refused as a code, not as a client.
    """
    found: list[Finding] = []

    def step(name: str, act: Callable[[], object], said: str) -> bool:
        try:
            act()
        except Refused as refusal:
            found.append(Finding(name, False, refusal.detail))
            return False
        found.append(Finding(name, True, said))
        return True

    if not step("description", lambda: discover(provider.issuer, fresh=True), f"{provider.issuer} describes itself."):
        return tuple(found)
    metadata = discover(provider.issuer)
    if not step("keys", lambda: keys_of(metadata, fresh=True), "Its keys can be read."):
        return tuple(found)
    try:
        redeem(metadata, client_of(provider, redirect_uri), NO_CODE, _VERIFIER)
    except CodeRefused as refusal:
        found.append(_client(refusal))
    except Refused as refusal:
        found.append(Finding("client", False, refusal.detail))
    else:
        found.append(Finding("client", None, "The provider took a code that it never gave. Do not trust it."))
    return tuple(found)


def _client(refusal: CodeRefused) -> Finding:
    if refusal.error in {"invalid_client", "unauthorized_client"}:
        return Finding("client", False, refusal.detail)
    if refusal.error == "invalid_grant":
        return Finding("client", True, "It accepts the client id and the secret.")
    return Finding("client", None, f"Whether it accepts the client could not be told: {refusal.detail}")
