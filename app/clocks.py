"""Test clocks by API: a sandbox tenant lives a year in a minute."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from sqlalchemy.orm import Session

from app.advance import advance_clock
from core.clock import utc_now
from core.db import Database
from core.scope import GlobalScope
from tenants.actions.run_test_clock import create_test_clock
from tenants.principal import Principal, require
from tenants.reads import clock_now
from tenants.roles import Permission
from tenants.schemas import AwareDatetime

__all__ = ("route_handlers",)


class ClockBody(msgspec.Struct, forbid_unknown_fields=True):
    """A clock to be made; it stands at `now` until it is advanced."""

    name: str
    now: AwareDatetime


class AdvanceBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where to; never backwards, two years at the most."""

    to: AwareDatetime


class Clock(msgspec.Struct):
    """A clock and the time it tells."""

    id: UUID
    now: datetime


class ClockController(Controller):
    """Clocks of sandbox tenants."""

    path = "/v1/test-clocks"
    tags = ("test clocks",)

    @post("/", sync_to_thread=True)
    def add(self, principal: Principal, session: Session, data: ClockBody) -> Clock:
        """Make a clock; name it in `test_clock` when creating the sandbox tenant."""
        require(principal, Permission.CLOCK_WRITE)
        return Clock(create_test_clock(session, data.name, data.now, principal.actor, utc_now()), data.now)

    @get("/{clock_id:uuid}", sync_to_thread=True)
    def show(self, principal: Principal, session: Session, clock_id: UUID) -> Clock:
        """Say what time it is on a clock."""
        require(principal, Permission.CLOCK_WRITE)
        return Clock(clock_id, clock_now(session, clock_id))

    @post("/{clock_id:uuid}/advance", sync_to_thread=True)
    def advance(self, principal: Principal, database: Database, clock_id: UUID, data: AdvanceBody) -> Clock:
        """Move a clock forwards; everything that becomes due on the way happens."""
        require(principal, Permission.CLOCK_WRITE)
        advance_clock(database, clock_id, data.to, principal.actor)
        with database.begin(GlobalScope()) as session:
            return Clock(clock_id, clock_now(session, clock_id))


route_handlers = (ClockController,)
