"""Lower packages speak upwards in the same transaction."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core import signals


@dataclass(frozen=True)
class Happened:
    what: str


def test_each_subscriber_hears_an_event_once_however_often_it_is_wired() -> None:
    heard: list[str] = []

    def listener(_: Session, event: Happened) -> None:
        heard.append(event.what)

    signals.subscribe(Happened, listener)
    signals.subscribe(Happened, listener)
    signals.publish(Session(), Happened("x"))
    signals.publish(Session(), object())
    signals.unsubscribe(Happened, listener)
    signals.unsubscribe(Happened, listener)
    signals.publish(Session(), Happened("y"))

    assert heard == ["x"]
