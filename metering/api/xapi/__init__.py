"""The xAPI door: statements in and out, about, and the tenant's mapping of them to events."""

from metering.api.xapi import about, mapping, statements

__all__ = ("route_handlers",)

route_handlers = (*about.route_handlers, *statements.route_handlers, *mapping.route_handlers)
