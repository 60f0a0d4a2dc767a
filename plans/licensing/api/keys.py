"""The keys by which signatures are verified, for everybody."""

from typing import Any

from litestar import get

from plans.licensing.signing import key_set

__all__ = ("published_keys",)


@get("/.well-known/jwks.json", sync_to_thread=False, tags=["licences"], security=[])
def published_keys() -> dict[str, Any]:
    """Publish the key set (RFC 7517) that verifies offline grants; it needs no key."""
    return key_set()
