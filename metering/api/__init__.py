"""The API of metering: events in and out, usage and its evidence."""

from metering.api import events, usage

__all__ = ("route_handlers",)

route_handlers = (*events.route_handlers, *usage.route_handlers)
