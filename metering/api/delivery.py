"""In which form an answer is wanted, and answers as files: by `format` or by Accept."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, Response
from litestar.datastructures import State
from litestar.params import Parameter
from litestar.response import Stream

from core.db import Database
from core.errors import InputError, InvalidInput
from metering.exports import CSV, PARQUET, ExportColumn, Rows, csv_pieces, parquet_pieces

__all__ = ("Delivery", "asked_delivery")

FORMATS = ("json", "csv", "parquet")
_ACCEPTED = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """The wished form: json, csv or parquet; and the database, for files that are read while they are sent."""

    form: str
    database: Database

    @property
    def is_file(self) -> bool:
        """Whether a file is wanted, not an answer in JSON."""
        return self.form != "json"

    def file(self, name: str, columns: Sequence[ExportColumn], parts: Iterable[Rows]) -> Response[Any]:
        """Return a file of rows; each part is read when the one before it is on its way."""
        pieces, media = (
            (csv_pieces(columns, parts), CSV) if self.form == "csv" else (parquet_pieces(columns, parts), PARQUET)
        )
        headers = {"Content-Disposition": f'attachment; filename="{name}.{self.form}"', "Vary": "Accept"}
        return Stream(_in_threads(pieces), media_type=media, headers=headers)


def asked_delivery(
    request: Request[Any, Any, State],
    database: Database,
    form: Annotated[
        str | None, Parameter(query="format", description="json, csv or parquet; else what Accept asks for.")
    ] = None,
) -> Delivery:
    """Read `format`, else Accept; whoever accepts anything gets JSON.

    Raises:
        InvalidInput: no such format (`invalid_input`).
    """
    if form is None:
        medias = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
        form = next((_ACCEPTED[media] for media in medias if media in _ACCEPTED), "json")
    if form not in FORMATS:
        detail = f"'{form[:40]}' is not a format. Use one of {', '.join(FORMATS)}."
        raise InvalidInput(InputError("format", "format_unknown", detail))
    return Delivery(form, database)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await to_thread.run_sync(next, pieces, None)) is not None:
        if piece:
            yield piece
