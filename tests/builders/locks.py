"""Two at once, made certain: how many wait for a lock that the test holds."""

from sqlalchemy import text

from core.db import Database
from core.scope import StewardScope

__all__ = ("waiting_for_a_lock",)


def waiting_for_a_lock(db: Database) -> int:
    """Return how many connections to the test's database wait for a lock."""
    waiting = (
        "select count(distinct pid) from pg_locks l join pg_stat_activity a using (pid)"
        " where not l.granted and a.datname = current_database()"
    )
    with db.begin(StewardScope()) as session:
        return int(session.execute(text(waiting)).scalar_one())
