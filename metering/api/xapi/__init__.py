"""The xAPI door: statements in and out, what they tell of others, and what they mean for a tenant."""

from metering.api.xapi import about, mapping, resources, statements

__all__ = ("route_handlers",)

route_handlers = (
    *about.route_handlers,
    *statements.route_handlers,
    *resources.route_handlers,
    *mapping.route_handlers,
)
