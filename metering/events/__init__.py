"""The event types and payloads that the built-in meters understand (pure)."""

from metering.events.registry import REGISTRY, EventType

__all__ = ("REGISTRY", "EventType")
