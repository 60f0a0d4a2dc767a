"""Lines on disk, first in, first out: what was appended survives the process.

A directory holds segments of lines (`0000000001.jsonl`, …), each line with a checksum in front, and
the file `cursor`, which says how far they are settled. Segments are only appended to, and deleted
when they are settled. A cursor that is lost or old means that lines are read again: the service
counts an id once, so that this is harmless. A new segment is begun at each start; the torn last
line of one that a crash left is skipped, because its `append` never returned.
"""

import contextlib
import os
import threading
import zlib
from collections.abc import Generator, Sequence
from io import FileIO
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: no advisory lock
    fcntl = None  # type: ignore[assignment]

__all__ = ("Spool", "SpoolInUse")

SEGMENT_BYTES = 16_000_000
_sync = getattr(os, "fdatasync", os.fsync)


class SpoolInUse(RuntimeError):
    """Another client, in this process or another, has the directory open."""


class Spool:
    """A queue of lines in a directory that belongs to it alone. Thread-safe."""

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self._claim = _claimed(directory)
        self.damaged = 0
        """Lines that a crash cut off, as they were found at the start (and again when they are passed)."""
        self._segments = sorted(int(path.stem) for path in directory.glob("*.jsonl"))
        self._front, self._offset = self._read_cursor()
        self._active: FileIO | None = None
        self._waiting = sum(1 for _ in self._ahead())

    def __len__(self) -> int:
        """Return how many lines are not settled."""
        return self._waiting

    def append(self, lines: Sequence[bytes], *, sync: bool = False) -> None:
        """Add lines at the end, all or none. Once this returns they survive the process; with `sync`, the machine.

        Raises:
            OSError: the disk is full or broken; nothing was added.
        """
        packed = b"".join(b"%08x %b\n" % (zlib.crc32(line), line) for line in lines)
        with self._lock:
            file = self._active_segment()
            before = file.tell()
            try:
                _write(file, packed)
                if sync:
                    _sync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(before)
                file.close()
                self._active = None
                raise
            self._waiting += len(lines)

    def peek(self, most_lines: int, most_bytes: int) -> list[bytes]:
        """Return the oldest lines, at least one where there is any, without taking them away."""
        found: list[bytes] = []
        size = 0
        with self._lock:
            for line, _, _ in self._ahead():
                size += len(line)
                if found and size > most_bytes:
                    break
                found.append(line)
                if len(found) == most_lines:
                    break
        return found

    def forget(self, count: int) -> None:
        """Settle the oldest `count` lines; segments that are settled as a whole are deleted."""
        with self._lock:
            ahead = self._ahead()
            for _ in range(count):
                _, self._front, self._offset = next(ahead)
                self._waiting -= 1
            ahead.close()
            self._write_cursor()
            for segment in [segment for segment in self._segments if segment < self._front]:
                self._path(segment).unlink(missing_ok=True)
                self._segments.remove(segment)
            if not self._waiting and self._offset >= self._segment_bytes:
                self._drop_front()

    def close(self) -> None:
        """Let go of the directory; what waits stays in it. An empty spool leaves no segment."""
        with self._lock:
            if self._active is not None:
                with contextlib.suppress(OSError):
                    _sync(self._active.fileno())
                self._active.close()
                self._active = None
            if not self._waiting:
                for segment in self._segments:
                    self._path(segment).unlink(missing_ok=True)
                self._segments = []
            self._claim.close()

    def _path(self, segment: int) -> Path:
        return self._directory / f"{segment:010d}.jsonl"

    def _active_segment(self) -> FileIO:
        """Return the file to append to; a full one is followed by the next."""
        if self._active is not None and self._active.tell() >= self._segment_bytes:
            _sync(self._active.fileno())
            self._active.close()
            self._active = None
        if self._active is None:
            number = max(self._segments[-1] if self._segments else 0, self._front) + 1
            self._active = self._path(number).open("xb", buffering=0)
            self._segments.append(number)
            if len(self._segments) == 1:
                self._front, self._offset = number, 0
            _sync_directory(self._directory)
        return self._active

    def _drop_front(self) -> None:
        """Begin a new segment next time: the one in use is long and settled."""
        if self._active is not None:
            self._active.close()
            self._active = None
        for segment in self._segments:
            self._path(segment).unlink(missing_ok=True)
        self._segments = []

    def _ahead(self) -> "_Lines":
        """Yield each line that is not settled, with segment and offset behind it; the lock is held."""
        for segment in self._segments:
            if segment < self._front:
                continue
            offset = self._offset if segment == self._front else 0
            with self._path(segment).open("rb") as file:
                file.seek(offset)
                for packed in file:
                    offset += len(packed)
                    line = packed[9:-1]
                    if packed[-1:] == b"\n" and packed[:8] == b"%08x" % zlib.crc32(line):
                        yield line, segment, offset
                    else:
                        self.damaged += 1

    def _read_cursor(self) -> tuple[int, int]:
        """Return segment and offset of the first line that is not settled; the beginning where it is not known."""
        first = self._segments[0] if self._segments else 0
        try:
            segment, offset = map(int, (self._directory / "cursor").read_text().split())
        except (OSError, ValueError):
            return first, 0
        if not self._segments:
            return segment, 0  # the next one has a number that the cursor never named
        known = segment in self._segments and offset <= self._path(segment).stat().st_size
        return (segment, offset) if known else (first, 0)

    def _write_cursor(self) -> None:
        new = self._directory / "cursor.new"
        with contextlib.suppress(OSError):  # at worst lines are sent again
            new.write_text(f"{self._front} {self._offset}\n")
            new.replace(self._directory / "cursor")


_Lines = Generator[tuple[bytes, int, int], None, None]


def _write(file: FileIO, content: bytes) -> None:
    """Write all of it: an unbuffered file may take less at once."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def _claimed(directory: Path) -> IO[bytes]:
    """Return the open lock file of the directory; closing it, or dying, lets go."""
    file = (directory / "lock").open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise SpoolInUse(f"Another client uses {directory}. Give each client a directory of its own.") from error
    return file


def _sync_directory(directory: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
