"""A load of the demo world that is killed -9 in the middle."""

import io
import multiprocessing
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from app.demo.load import load
from core.db import Database

__all__ = ("load_and_kill",)


class _Told(io.StringIO):
    """Hands on what is told while loading."""

    def __init__(self, link: Connection) -> None:
        super().__init__()
        self._link = link

    def write(self, told: str) -> int:
        self._link.send(told)
        return len(told)


def load_and_kill(url: str, run_dir: Path, now: datetime, thousandths: int, month: str) -> None:
    """Load in a process of its own and kill that as soon as a month, as "March 2026", was lived through."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_load, args=(theirs, url, run_dir, now, thousandths), daemon=True)
    process.start()
    theirs.close()
    while month not in ours.recv():
        pass
    process.kill()
    process.join()


def _load(link: Connection, url: str, run_dir: Path, now: datetime, thousandths: int) -> None:
    load(Database(url), run_dir, now, thousandths, processes=False, out=_Told(link))
