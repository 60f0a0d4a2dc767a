"""Refusals about webhooks."""

from core.errors import Refused

__all__ = ("EndpointAddressForbidden", "EndpointStopped", "EndpointsTooMany")


class EndpointAddressForbidden(Refused):
    """An address that must not be called: no public host, no https, or one that names somebody in it."""

    code = "webhook_address_forbidden"
    status = 422


class EndpointsTooMany(Refused):
    """The customer has as many endpoints as there may be."""

    code = "webhook_endpoints_too_many"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} endpoints already. Delete one that is not used any more.")


class EndpointStopped(Refused):
    """The endpoint is stopped: nothing is sent to it, no test either."""

    code = "webhook_endpoint_stopped"

    def __init__(self) -> None:
        super().__init__("This endpoint is stopped, so that nothing is sent to it. Switch it on, and test it then.")
