"""SCIM 2.0 as it is spoken here: scim2-server's reading of RFC 7643 and 7644, with bounds of ours. No database."""

from functools import cache
from typing import Any

import structlog
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    External,
    Filter,
    InvalidFilterException,
    Patch,
    PayloadTooLargeException,
    Reference,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.utils import load_default_resource_types, load_default_schemas

__all__ = ("MAX_BODY", "DirectoryService", "directory_service")

_log = structlog.get_logger("tollbook.directory")

MAX_BODY = 1_048_576
MAX_OPERATIONS = 500
MAX_RESULTS = 200
MAX_FILTER = 2_000
"""Characters of a filter: longer ones take longer to read than anything that a directory asks."""
_TOLERANT = ScimPolicy(
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""Entra takes members out by `value`, and adds a phone or an address by the filter that would have found it."""


class DirectoryService(ScimService):
    """The protocol with its bounds; a PATCH answers 200 with what came of it."""

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """Return the patched resource: clients that want it need not ask again."""
        return self.replacement_response(base_url, resource, response_parameters)

    def check_size(self, request: ScimRequest) -> None:
        """Refuse a body that is too large.

        Raises:
            PayloadTooLargeException: it has more than `MAX_BODY` bytes (413).
        """
        if len(request.body) > MAX_BODY:
            raise PayloadTooLargeException(detail=f"The body is larger than {MAX_BODY} bytes. Send it in parts.")

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """Read a search, but no filter that is longer than any directory's.

        Raises:
            InvalidFilterException: the filter is too long (400).
        """
        given = payload.get("filter") if isinstance(payload, dict) else None
        if isinstance(given, str) and len(given) > MAX_FILTER:
            raise InvalidFilterException(detail=f"The filter is longer than {MAX_FILTER} characters. Ask in parts.")
        read: tuple[SearchRequest[Any], Any] = super().read_search(resource_types, payload)
        return read

    def bulk_failure(self, outcome: dict[str, Any], exception: Exception) -> dict[str, Any]:
        """Return how an operation of a bulk request failed; a fault of ours is logged, since none of them ends it."""
        if not isinstance(exception, SCIMException):
            _log.error("unexpected_error", path="/Bulk", exc_info=exception)
        failure: dict[str, Any] = super().bulk_failure(outcome, exception)
        return failure


@cache
def directory_service() -> DirectoryService:
    """Return the protocol; making its models takes a tenth of a second, so that it is made at first use."""
    config = ServiceProviderConfig(
        documentation_uri=None,
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MAX_OPERATIONS, max_payload_size=MAX_BODY),
        filter=Filter(supported=True, max_results=MAX_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API key",
                description="A key whose scopes include 'scim', as bearer token",
                spec_uri=Reference[External]("https://datatracker.ietf.org/doc/html/rfc6750"),
            )
        ],
    )
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config, policy=_TOLERANT
    )
    return DirectoryService(provider)
