"""What time makes due in plans: the task finds its own work and is safe to repeat."""

import time

import structlog

from core.db import Database, database
from core.scope import StewardScope
from plans.actions.move_customers import run_move
from plans.reads.moves import unfinished_moves

__all__ = ("move_customers",)

_STRETCH_S = 20
"""How long one move is worked on before the next has its turn, and the worker's other tasks theirs."""
_log = structlog.get_logger("tollbook.moves")


def move_customers(db: Database | None = None) -> None:
    """Take every move a stretch further; a fault in one keeps no other waiting."""
    db = db or database()
    with db.begin(StewardScope()) as session:
        waiting = unfinished_moves(session)
    for move_id in waiting:
        until = time.monotonic() + _STRETCH_S
        try:
            run_move(db, move_id, lambda until=until: time.monotonic() < until)  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - the database may be away: the next time goes on
            _log.error("move_interrupted", move=str(move_id), exc_info=error)
