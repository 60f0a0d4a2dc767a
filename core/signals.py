"""Speaking upwards: a lower package publishes a typed event, `app` wires who listens.

Handlers run at once, in the publisher's transaction: if one refuses, all of it rolls back.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

__all__ = ("publish", "subscribe", "unsubscribe")

_handlers: dict[type[Any], list[Callable[[Session, Any], None]]] = {}


def subscribe(event_type: type[Any], handler: Callable[[Session, Any], None]) -> None:
    """Call `handler(session, event)` for each published event of exactly that type, in this order.

    Subscribing the same handler twice changes nothing, so that wiring may be repeated.
    """
    handlers = _handlers.setdefault(event_type, [])
    if handler not in handlers:
        handlers.append(handler)


def publish(session: Session, event: object) -> None:
    """Hand the event to its subscribers within the running transaction."""
    for handler in _handlers.get(type(event), ()):
        handler(session, event)


def unsubscribe(event_type: type[Any], handler: Callable[[Session, Any], None]) -> None:
    """Call the handler no longer; one that was not subscribed changes nothing."""
    handlers = _handlers.get(event_type, [])
    if handler in handlers:
        handlers.remove(handler)
