"""Which steps of the load are done, and telling how it goes.

A step that is done stands in the audit trail of the tenant it was done for, written in the
transaction of the step itself where that is possible: a load that was killed goes on where it
stopped. Steps that could not be written down in time are safe to repeat.
"""

import sys
import time
from dataclasses import dataclass
from typing import TextIO
from uuid import UUID

from sqlalchemy.orm import Session

from core.db import Database
from core.scope import TenantScope
from tenants.actions.record_audit import record_audit
from tenants.reads import audited_objects

__all__ = ("ACTOR", "Lived", "Progress", "done_steps", "note_step")

ACTOR = "system:demo"
_ACTION = "load_demo"


@dataclass(frozen=True, slots=True)
class Lived:
    """A step that was done: what, and how many of what."""

    name: str
    count: int
    unit: str


def done_steps(db: Database, tenant_id: UUID) -> frozenset[str]:
    """Return the steps that were done for a tenant (VENDOR_ID for the vendor)."""
    with db.begin(TenantScope(tenant_id)) as session:
        return audited_objects(session, tenant_id, _ACTION)


def note_step(session: Session, tenant_id: UUID, step: str) -> None:
    """Write down that a step is done, in its own transaction."""
    record_audit(session, tenant_id, ACTOR, _ACTION, ("demo_step", step))


class Progress:
    """Lines on the terminal: when, what, how many."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.started = time.monotonic()

    def tell(self, lived: Lived) -> None:
        """Tell about a step that is done."""
        passed = time.monotonic() - self.started
        print(f"  {passed:>5.1f} s  {lived.name:<58}{lived.count:>8,} {lived.unit}", file=self.out, flush=True)

    def finish(self) -> None:
        """Tell how long it took in all."""
        print(f"  {time.monotonic() - self.started:>5.1f} s  the demo world is loaded", file=self.out, flush=True)
