"""One application for all tests of a process: its routes take longer to build than most tests to run."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from litestar import Litestar
from litestar.datastructures import State
from litestar.testing import TestClient

from app.asgi import create_app
from core.db import Database


@cache
def application() -> Litestar:
    """Return the application, which has no database of its own."""
    return create_app(Database("postgresql://nobody@127.0.0.1:1/none"))


@contextmanager
def client_on(
    db: Database, app: Litestar | None = None, *, raise_server_exceptions: bool = True
) -> Iterator[TestClient[Litestar]]:
    """Yield a client of the application, or of `app`, on a database; one client at a time."""
    app = app or application()
    app.state = State({"database": db, "secure_cookies": False})
    with TestClient(app, raise_server_exceptions=raise_server_exceptions) as client:
        yield client
