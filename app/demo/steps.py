"""Which steps of the load are done, and telling how it goes.

A step that is done stands in the audit trail of the tenant it was done for, written in the
transaction of the step itself where that is possible: a load that was killed goes on where it
stopped. Steps that could not be written down in time are safe to repeat.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO
from uuid import UUID

from sqlalchemy.orm import Session

from core.db import Database
from core.scope import TenantScope
from tenants.actions.record_audit import record_audit
from tenants.reads import audited_objects

__all__ = ("ACTOR", "Progress", "done_steps", "note_step")

ACTOR = "system:demo"
_ACTION = "load_demo"


def done_steps(db: Database, tenant_id: UUID) -> frozenset[str]:
    """Return the steps that were done for a tenant (VENDOR_ID for the vendor)."""
    with db.begin(TenantScope(tenant_id)) as session:
        return audited_objects(session, tenant_id, _ACTION)


def note_step(session: Session, tenant_id: UUID, step: str) -> None:
    """Write down that a step is done, in its own transaction."""
    record_audit(session, tenant_id, ACTOR, _ACTION, ("demo_step", step))


class Progress:
    """Lines on the terminal: what, how many, how long."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.started = time.monotonic()
        self.count = 0

    @contextmanager
    def step(self, name: str, unit: str = "") -> Iterator["Progress"]:
        """Tell about a step when it ends; within, `add` counts."""
        begun, self.count = time.monotonic(), 0
        yield self
        counted = f"{self.count:>9,} {unit}" if unit else ""
        print(f"  {name:<46}{time.monotonic() - begun:>6.1f} s {counted}", file=self.out, flush=True)

    def add(self, number: int) -> None:
        """Count what was done."""
        self.count += number

    def finish(self) -> None:
        """Tell how long it took in all."""
        print(f"  the demo world is loaded{time.monotonic() - self.started:>28.1f} s", file=self.out, flush=True)
