"""Finding out how a file is to be read, from its head; in doubt it is refused (pure but for Parquet's file)."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from core.errors import InvalidInput
from metering.imports.columns import header_errors, locate, norm, number_columns
from metering.imports.faults import FileFault, RowFault
from metering.imports.lines import csv_rows
from metering.imports.mapping import Mapping, TimeReading
from metering.imports.numbers import proven_numbers
from metering.imports.objects import flat, json_rows, keys_of
from metering.imports.parquet import ParquetRows
from metering.imports.plan import Options, Plan, as_refusal, as_said, chosen_mapping
from metering.imports.presets.events import header_mapping
from metering.imports.text import DELIMITERS, HEAD, Scan, Texture, delimiter_of, encoding_of, format_of
from metering.imports.times import has_figures, proven_order

__all__ = ("SOURCE", "open_file")

SOURCE = "import"
"""The source of events where neither the file nor the sender names one."""
_SAMPLE = 1_000


def open_file(scan: Scan, path: Path, options: Options, zone: str) -> Plan:
    """Return how the file at `path` is read.

    Args:
        scan: what was seen of its bytes.
        path: where it lies whole (for Parquet, whose directory stands at the end).
        options: what the sender says.
        zone: the tenant's zone.

    Raises:
        InvalidInput: the file can't be read, or not without guessing; what is missing, and what to
            say, is named (`invalid_input`, with a code for each fault).
    """
    mapping, zone = chosen_mapping(options, zone)
    if not scan.size:
        raise as_refusal(FileFault("import_empty", "The file is empty. Send one with a header and rows."))
    try:
        kind = format_of(scan.head, options.content_type, options.file_name)
        if kind == "parquet":
            return _parquet(path, mapping, options, zone)
        return _objects(scan, mapping, options, zone) if kind == "ndjson" else _csv(scan, mapping, options, zone)
    except FileFault as fault:
        raise as_refusal(fault) from None


def _csv(scan: Scan, mapping: Mapping | None, options: Options, zone: str) -> Plan:
    encoding, told = encoding_of(scan, options.encoding or None)
    head = _head(scan)
    text = head.decode(encoding, "replace")
    newline = "\r" if "\r" in text and "\n" not in text else "\n"
    probe = mapping or header_mapping(("id", "source", "type", "time", "subject"), SOURCE)
    given = DELIMITERS.get(options.delimiter)
    delimiter, parted = delimiter_of(text.replace("\r", "\n") if newline == "\r" else text, probe, given)
    texture = Texture(encoding, delimiter, ())
    sample = [cells for _, cells in islice(csv_rows([head], texture, newline), _SAMPLE)]
    if not sample or isinstance(sample[0], RowFault):
        detail = sample[0].detail if sample and isinstance(sample[0], RowFault) else "There is no text in it."
        raise FileFault("import_header_unreadable", f"The header, the first row, can't be read. {detail}")
    header, rows = sample[0], [cells for cells in sample[1:] if not isinstance(cells, RowFault)]
    mapping, assumed = _settled(mapping, header, rows, options, zone, typed=False)
    return Plan(
        format="csv", encoding=encoding, delimiter=delimiter, newline=newline, header=header, mapping=mapping,
        source=mapping.source, zone=zone, assumed=[told, parted, *assumed],
    )  # fmt: skip


def _head(scan: Scan) -> bytes:
    """Return the head up to its last whole line, so that no row in it is cut."""
    head = scan.head
    if scan.size <= HEAD:
        return head
    at = head.rfind(b"\n")
    # In UTF-16 a line feed is two bytes: an even cut never parts a character.
    return head[: at - at % 2] if at > 0 else head


def _objects(scan: Scan, mapping: Mapping | None, options: Options, zone: str) -> Plan:
    encoding, told = encoding_of(scan, options.encoding or None)
    if not encoding.startswith("utf"):
        detail = "NDJSON is UTF-8, and this file is not. Save it as UTF-8."
        raise FileFault("import_encoding_unclear", detail, "encoding")
    source = options.source or SOURCE
    if mapping is None:
        assumed = [told, "Each line is an event itself."]
        return Plan(format="ndjson", encoding=encoding, source=source, zone=zone, assumed=assumed)
    found = [one for _, one in islice(json_rows([_head(scan)], encoding), _SAMPLE)]
    objects = [one[1] for one in found if not isinstance(one, RowFault)]
    if not objects:
        raise FileFault("import_header_unreadable", "None of the first lines is a JSON object.")
    header = keys_of(objects)
    keys = [norm(name) for name in header]
    mapping, assumed = _settled(mapping, header, [flat(one, keys) for one in objects], options, zone)
    return Plan(
        format="ndjson", encoding=encoding, header=header, mapping=mapping, source=mapping.source, zone=zone,
        assumed=[told, *assumed],
    )  # fmt: skip


def _parquet(path: Path, mapping: Mapping | None, options: Options, zone: str) -> Plan:
    file = ParquetRows(path)
    probe = mapping or header_mapping(file.header, options.source or SOURCE)
    places = sorted(locate(probe, file.header).values())
    file.check(places)
    rows = [cells for _, cells in islice(file.rows(places), _SAMPLE) if not isinstance(cells, RowFault)]
    mapping, assumed = _settled(mapping, file.header, rows, options, zone)
    told = f"Parquet with {file.count:,} rows."
    return Plan(
        format="parquet", header=file.header, mapping=mapping, source=mapping.source, zone=zone,
        assumed=[told, *assumed],
    )  # fmt: skip


def _settled(
    mapping: Mapping | None,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    options: Options,
    zone: str,
    *,
    typed: bool = True,
) -> tuple[Mapping, list[str]]:
    """Return the mapping with its columns found, the order of its dates and the form of its numbers told.

    Args:
        mapping: None for files whose columns are the fields of events.
        header: the file's columns.
        rows: its first rows.
        options: what the sender says.
        zone: of times without an offset.
        typed: the file's format says what is a number, and writes it in one way.

    Raises:
        InvalidInput: columns are missing or come twice; each is named (`invalid_input`).
        FileFault: dates or numbers can be read two ways (`import_time_order_unclear`, `import_numbers_unclear`).
    """
    if mapping is None:
        mapping = as_said(header_mapping(header, options.source or SOURCE), options)
    errors = header_errors(mapping, header)
    if errors:
        raise InvalidInput(*errors)
    assumed = [f"Times without an offset are of {zone}."]
    if mapping.time.order == "auto" and not mapping.time.formats:
        mapping, told = _ordered(mapping, header, rows)
        assumed += told
    if mapping.numbers == "auto" and typed:
        mapping = msgspec.structs.replace(mapping, numbers="plain")
    elif mapping.numbers == "auto":
        mapping, told = _pointed(mapping, header, rows)
        assumed += told
    return mapping, assumed


def _pointed(mapping: Mapping, header: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[Mapping, list[str]]:
    places = locate(mapping, header)
    columns = [column for column in number_columns(mapping) if column in places]
    texts = [cells[places[column]].strip() for cells in rows for column in columns if places[column] < len(cells)]
    numbers = proven_numbers(texts, " and ".join(f"'{column}'" for column in columns))
    told = [] if numbers == "auto" else [f"Fractions begin with a {numbers.partition('_')[2]}."]
    return msgspec.structs.replace(mapping, numbers=numbers), told


def _ordered(mapping: Mapping, header: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[Mapping, list[str]]:
    places = locate(mapping, header)
    columns = sorted({rule.time for rule in mapping.rules if rule.time in places})
    texts: list[Any] = [cells[places[column]] for cells in rows for column in columns]
    order = proven_order(texts, " and ".join(f"'{column}'" for column in columns))
    time: TimeReading = msgspec.structs.replace(mapping.time, order=order)
    told = [f"Dates in figures have the {order.split('_')[0]} first."] if has_figures(texts) else []
    return msgspec.structs.replace(mapping, time=time), told
