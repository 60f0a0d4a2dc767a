"""How one file is read: what the sender said, and what was found out before anything is stored (pure)."""

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct, field

from core.errors import InputError, InvalidInput
from metering.imports.columns import columns_of
from metering.imports.encodings import ENCODINGS
from metering.imports.faults import FileFault
from metering.imports.mapping import Mapping, Value
from metering.imports.presets import PRESETS
from metering.imports.text import DELIMITERS

__all__ = ("Options", "Plan", "as_refusal", "as_said", "chosen_mapping", "fingerprint", "read_mapping")

Format = Literal["csv", "ndjson", "parquet"]


class Options(Struct, kw_only=True, frozen=True):
    """What the sender says about a file; '' where nothing is said."""

    preset: str = ""
    mapping: str = ""
    """JSON."""
    source: str = ""
    zone: str = ""
    order: str = ""
    numbers: str = ""
    encoding: str = ""
    delimiter: str = ""
    content_type: str = ""
    file_name: str = ""


class Plan(Struct, kw_only=True, frozen=True):
    """Everything that reading needs; stored with the import, so that a restart reads the same way."""

    format: Format
    encoding: str = "utf-8"
    delimiter: str = ","
    newline: str = "\n"
    header: list[str] = field(default_factory=list)
    mapping: Mapping | None = None
    """None: each line is an event itself."""
    source: str = ""
    """For events that name none."""
    zone: str = "UTC"
    assumed: list[str] = field(default_factory=list)

    @property
    def tz(self) -> ZoneInfo:
        """The zone of times without an offset."""
        return ZoneInfo(self.zone)


def fingerprint(plan: Plan) -> bytes:
    """Return what makes two plans one: the assumptions' sentences left aside."""
    return msgspec.json.encode(msgspec.structs.replace(plan, assumed=[]))


def read_mapping(text: str) -> Mapping:
    """Return a sender's own mapping.

    Raises:
        InvalidInput: it is not a mapping; the place and the reason are named (`invalid_input`).
    """
    try:
        mapping = msgspec.json.decode(text, type=Mapping)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidInput(InputError("mapping", "import_mapping_invalid", f"The mapping: {error}.")) from None
    faults = []
    for at, rule in enumerate(mapping.rules):
        values = {"subject": rule.subject, "type": rule.type, "id": rule.id, **rule.data}
        for name, value in values.items():
            if isinstance(value, Value) and _given(value) != 1:
                detail = f"{name} takes exactly one of column, const and template."
                faults.append(InputError(f"mapping/rules/{at}/{name}", "import_mapping_invalid", detail))
        if any("" in path.split(".") for path in rule.data) or _clashing(list(rule.data)):
            detail = "The names of data must be distinct paths such as 'course_id' or 'person.name'."
            faults.append(InputError(f"mapping/rules/{at}/data", "import_mapping_invalid", detail))
    if len({rule.key for rule in mapping.rules}) < len(mapping.rules):
        detail = "Two rules have the same key; the key tells their events apart."
        faults.append(InputError("mapping/rules", "import_mapping_invalid", detail))
    if len(columns_of(mapping)) > 500:
        faults.append(InputError("mapping/rules", "import_mapping_invalid", "More than 500 columns are named."))
    if faults:
        raise InvalidInput(*faults)
    return mapping


def _given(value: Value) -> int:
    return sum(one is not None for one in (value.column, value.const, value.template))


def _clashing(paths: list[str]) -> bool:
    return any(other != path and other.startswith(f"{path}.") for path in paths for other in paths)


def chosen_mapping(options: Options, zone: str) -> tuple[Mapping | None, str]:
    """Return the mapping that was asked for, with the sender's own words put in, and the zone's name.

    None stands for files whose columns are the fields of events.

    Raises:
        InvalidInput: an option is unknown; all that are, are named (`invalid_input`).
    """
    faults = _option_faults(options)
    if faults:
        raise InvalidInput(*faults)
    mapping = read_mapping(options.mapping) if options.mapping else PRESETS[options.preset or "events"].mapping
    own = mapping.time.zone if mapping is not None else ""
    zone = options.zone or own or zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = f"'{zone[:60]}' is not a time zone. Use an IANA name such as Europe/Berlin."
        raise InvalidInput(InputError("zone", "time_zone_unknown", detail)) from None
    if mapping is None:
        return None, zone
    return as_said(msgspec.structs.replace(mapping, source=options.source or mapping.source), options), zone


def as_said(mapping: Mapping, options: Options) -> Mapping:
    """Return the mapping with the sender's words on dates and numbers put in."""
    order, numbers = options.order or mapping.time.order, options.numbers or mapping.numbers
    time = msgspec.structs.replace(mapping.time, order=order)
    return msgspec.structs.replace(mapping, time=time, numbers=numbers)


def _option_faults(options: Options) -> list[InputError]:
    known = {
        "preset": (options.preset, PRESETS),
        "order": (options.order, ("auto", "day_first", "month_first")),
        "numbers": (options.numbers, ("auto", "decimal_point", "decimal_comma", "plain")),
        "encoding": (options.encoding, ENCODINGS),
        "delimiter": (options.delimiter, DELIMITERS),
    }
    faults = [
        InputError(name, f"import_{name}_unknown", f"'{value[:60]}' is not known. Use one of {', '.join(names)}.")
        for name, (value, names) in known.items()
        if value and value not in names
    ]
    if options.preset and options.mapping:
        faults.append(InputError("mapping", "import_mapping_invalid", "Send a preset or a mapping, not both."))
    if len(options.source) > 512 or "\0" in options.source:
        faults.append(InputError("source", "attribute_invalid", "A source has at most 512 characters and no U+0000."))
    return faults


def as_refusal(fault: FileFault) -> InvalidInput:
    """Return a file's fault as the refusal of a request; `candidates` say what could be said of the file."""
    refusal = InvalidInput(InputError(fault.pointer, fault.code, fault.detail))
    if fault.candidates:
        said = [{"parameter": fault.pointer, "value": value, "reads": reads} for value, reads in fault.candidates]
        refusal.extra["candidates"] = said
    return refusal
