"""The API of metering: events and files in and out, meters, usage and its evidence."""

from metering.api import archives, events, imports, meters, tail, usage, xapi

__all__ = ("route_handlers",)

route_handlers = (
    *archives.route_handlers,
    *events.route_handlers,
    *imports.route_handlers,
    *meters.route_handlers,
    *tail.route_handlers,
    *usage.route_handlers,
    *xapi.route_handlers,
)
