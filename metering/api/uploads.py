"""A file on its way in: streamed to the disk in bounded memory, looked at on the way."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.datastructures import State, UploadFile

from core.errors import InputError, InvalidInput
from metering.errors import ContentEncodingUnsupported, ImportMediaUnsupported, ImportTooLarge
from metering.imports.text import Scan

__all__ = ("MAX_FILE_BYTES", "MAX_REQUEST_BYTES", "Upload", "received")

Req = Request[Any, Any, State]

MAX_FILE_BYTES = 1_000_000_000
"""The limit of a file."""
MAX_REQUEST_BYTES = MAX_FILE_BYTES + 1_000_000
"""The limit of a request: a form has fields beside its file."""
_GATHERED = 1_000_000
_MEDIA = (
    "text/csv", "application/csv", "text/tab-separated-values", "text/plain", "application/x-ndjson",
    "application/ndjson", "application/jsonl", "application/vnd.apache.parquet", "application/parquet",
    "application/x-parquet", "application/octet-stream", "application/vnd.ms-excel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that lies on the disk whole, and the form fields that came with it."""

    path: Path
    scan: Scan
    content_type: str
    file_name: str
    fields: Mapping[str, str]


@asynccontextmanager
async def received(request: Req) -> AsyncIterator[Upload]:
    """Lay the request's file on the disk; it is gone afterwards.

    Raises:
        ImportMediaUnsupported, ContentEncodingUnsupported, ImportTooLarge: it is not taken.
        InvalidInput: a form without a file (`invalid_input`).
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "")
    if encoding not in ("", "identity"):
        raise ContentEncodingUnsupported(encoding, "the file as it is, not compressed")
    if media != "multipart/form-data" and media not in _MEDIA:
        raise ImportMediaUnsupported(media)
    with TemporaryDirectory(prefix="tollbook-upload-") as folder:
        sink = _Sink(Path(folder) / "file")
        if media == "multipart/form-data":
            file, fields = await _form(request)
            while chunk := await file.read(_GATHERED):
                await to_thread.run_sync(sink.write, chunk)
            media, name = file.content_type or "", file.filename or ""
        else:
            await _body(request, sink)
            name, fields = "", {}
        sink.close()
        yield Upload(sink.path, sink.scan, media, name, fields)


async def _form(request: Req) -> tuple[UploadFile, dict[str, str]]:
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile):
        detail = "The form has no file in a field named 'file'. Choose one."
        raise InvalidInput(InputError("file", "import_file_missing", detail))
    return file, {name: value for name, value in form.items() if isinstance(value, str)}


async def _body(request: Req, sink: "_Sink") -> None:
    gathered, size = [], 0
    async for chunk in request.stream():
        gathered.append(chunk)
        size += len(chunk)
        if size >= _GATHERED:
            await to_thread.run_sync(sink.write, b"".join(gathered))
            gathered, size = [], 0
    await to_thread.run_sync(sink.write, b"".join(gathered))


class _Sink:
    """Writes what comes and looks at it."""

    def __init__(self, path: Path) -> None:
        self.path, self.scan = path, Scan()
        self._file = path.open("wb")

    def write(self, chunk: bytes) -> None:
        if self.scan.size + len(chunk) > MAX_FILE_BYTES:
            self._file.close()
            raise ImportTooLarge(MAX_FILE_BYTES)
        self.scan.feed(chunk)
        self._file.write(chunk)

    def close(self) -> None:
        self.scan.end()
        self._file.close()
