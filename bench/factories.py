"""The web application in two disguises, for granian's `--factory`: without a database, and profiled."""

import asyncio
import cProfile
import os
import signal
import time
from collections.abc import Sequence
from uuid import UUID

from litestar import Litestar

from app.asgi import create_app
from core.db import database
from metering.ingest.batcher import Outcome, Verdict
from metering.ingest.lane import IngestAnswer, IngestLane, Prepared, answer_of
from metering.ingest.packing import Ids
from metering.ingest.validation import Draft

__all__ = ("profiled", "without_database")


class _Everybody(dict[str, int]):
    def __missing__(self, key: str) -> int:
        self[key] = len(self) + 1
        return self[key]


class _Resolver:
    def __init__(self) -> None:
        self._ids = Ids(_Everybody(), _Everybody(), _Everybody())

    def at_hand(self, _tenant_id: UUID, _drafts: Sequence[Draft]) -> Ids:
        return self._ids


class _Lane(IngestLane):
    """The same lane up to the packed rows; what would be written is dropped, at once."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._resolver = _Resolver()  # type: ignore[assignment]

    async def store(self, _tenant_id: UUID, prepared: Prepared) -> IngestAnswer:
        return answer_of(prepared, Outcome([Verdict.ACCEPTED] * len(prepared.rows)))


def without_database() -> Litestar:
    """Return the application whose events go nowhere: HTTP, who asks, reading, validating and packing are the same."""
    app = create_app()
    app.state["ingest_lane"] = _Lane(database().database_url)
    return app


def profiled() -> Litestar:
    """Return the application with cProfile in the thread that serves, from SIGUSR2 on; $BENCH_PROFILE gets it.

    It counts the thread's CPU time: on a busy machine wall time would blame whoever waits.
    """
    app = create_app()
    profile = cProfile.Profile(time.thread_time)

    def begin() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, profile.enable)

    def write() -> None:
        profile.disable()
        profile.dump_stats(os.environ["BENCH_PROFILE"])

    app.on_startup.append(begin)
    app.on_shutdown.append(write)
    return app
