"""Refusals of whole requests; the codes of single events stand in `EventFault`."""

from collections.abc import Iterable

from core.errors import InputError, InvalidInput, ItemCode, NotFound, Refused
from metering.errors.archives import (
    ArchiveDamaged,
    ArchiveDirMissing,
    ArchiveNotFound,
    ArchiveUnready,
    EventArchived,
    FactsArchived,
)

__all__ = (
    "ArchiveDamaged",
    "ArchiveDirMissing",
    "ArchiveNotFound",
    "ArchiveUnready",
    "BodyMalformed",
    "BodyTooLarge",
    "ContentEncodingUnsupported",
    "CursorInvalid",
    "DatabaseUnavailable",
    "EventArchived",
    "EventFault",
    "EventNotFound",
    "EventsTooComplex",
    "FactsArchived",
    "GranularityInvalid",
    "GroupingInvalid",
    "ImportMediaUnsupported",
    "ImportNotFound",
    "ImportOver",
    "ImportTooLarge",
    "IngestBusy",
    "MediaTypeUnsupported",
    "MeterKeyTaken",
    "MeterNotFound",
    "MeterUnknown",
    "RangeInvalid",
    "SchemaNotFound",
    "StatementConflict",
    "StatementInvalid",
    "StatementNotFound",
    "TailBusy",
    "TooManyEvents",
    "TooManyMeters",
    "XapiRequestInvalid",
    "XapiResourceUnknown",
    "XapiRuleInvalid",
    "XapiRuleNotFound",
)


class EventFault(ItemCode):
    """Why one event of a batch was not taken, as told in the answer."""

    EVENT_INVALID = "event_invalid", "It is not a JSON object, or not text in UTF-8."
    SPECVERSION_UNSUPPORTED = "specversion_unsupported", "`specversion` is not 1.0."
    ID_MISSING = "id_missing", "There is no `id`, so that a repeat could not be told."
    SOURCE_MISSING = "source_missing", "There is no `source`."
    TYPE_MISSING = "type_missing", "There is no `type`."
    TIME_MISSING = "time_missing", "There is no `time`."
    SUBJECT_MISSING = "subject_missing", "There is no `subject`: who did it?"
    ATTRIBUTE_INVALID = (
        "attribute_invalid",
        "One of `id`, `source`, `type`, `subject` is no string, too long, or has a NUL.",
    )
    TIME_INVALID = "time_invalid", "`time` is not an RFC 3339 instant with an offset, or lies before 1970."
    TIME_IN_FUTURE = "time_in_future", "`time` is more than five minutes ahead of the tenant's clock."
    DATA_INVALID = "data_invalid", "`data` does not fit the schema of its type; the field is named."
    QUANTITY_OUT_OF_RANGE = "quantity_out_of_range", "A number is negative, absurdly large or absurdly precise."
    NESTING_TOO_DEEP = "nesting_too_deep", "`data` is nested more than 32 levels deep."
    EVENT_TOO_COMPLEX = "event_too_complex", "It has more than 100,000 names, elements, objects and lists."
    CONFLICT = "conflict", "An event of this source and id with other content was accepted before; the first one stays."
    NOT_STORABLE = "not_storable", "The database refused this event's values."
    PERIOD_ARCHIVED = (
        "period_archived",
        "The month of its `time` is archived and takes no new events; the operator can restore it first.",
    )


class MediaTypeUnsupported(Refused):
    """The body is not JSON in one of the modes of CloudEvents."""

    code = "media_type_unsupported"
    status = 415

    def __init__(self, content_type: str) -> None:
        super().__init__(
            f"'{content_type or 'no Content-Type'}' is not understood. Send application/cloudevents+json,"
            " application/cloudevents-batch+json, application/json, or JSON data with ce-* headers, in UTF-8."
        )


class ContentEncodingUnsupported(Refused):
    """The body is compressed in a way that is not spoken here."""

    code = "content_encoding_unsupported"
    status = 415

    def __init__(self, encoding: str, spoken: str = "gzip, zstd or none") -> None:
        super().__init__(f"The Content-Encoding '{encoding}' is not understood. Send {spoken}.")


class BodyTooLarge(Refused):
    """The body is over the limit, as sent or after decompression."""

    code = "body_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body has more than {limit:,} bytes after decompression. Send smaller batches.")


class TooManyEvents(Refused):
    """The batch has too many events."""

    code = "too_many_events"
    status = 413

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"The batch has {count:,} events; at most {limit:,} are taken at once. Send smaller batches.")


class EventsTooComplex(Refused):
    """The body has more names, elements, objects and lists than are read at once; nothing of it was taken."""

    code = "events_too_complex"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The body has more than {limit:,} values (names, elements, objects and lists);"
            " nothing of it was taken. Send fewer events at once, or flatten their data."
        )


class BodyMalformed(Refused):
    """The body as a whole cannot be read; nothing of it was taken."""

    code = "body_malformed"
    status = 400


class IngestBusy(Refused):
    """More facts are waiting than this process takes on; nothing of the request was taken."""

    code = "ingest_busy"
    status = 429
    retry_after_s = 1

    def __init__(self, measure: str, limit: int, left: int) -> None:
        super().__init__(
            f"This process is busy with other events ({measure}: {left:,} of {limit:,} left). Nothing of the request"
            " was taken. Send the same again in a second, or smaller batches."
        )
        self.headers = {
            "RateLimit-Policy": f'"{measure}";q={limit}',
            "RateLimit": f'"{measure}";r={left};t={self.retry_after_s}',
        }


class DatabaseUnavailable(Refused):
    """The database did not confirm; sending the same events again is safe, whatever became of these."""

    code = "database_unavailable"
    status = 503
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__(
            "The database did not confirm these events. Send the same request again in a second:"
            " what was stored counts once."
        )


class TailBusy(Refused):
    """As many readers of the tenant's live tail as this process serves."""

    code = "tail_busy"
    status = 429
    retry_after_s = 10

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} readers follow this tenant's events already. Close one, or try again in a while.")


class EventNotFound(NotFound):
    """No such event."""

    code = "event_not_found"

    def __init__(self, source: str, event_id: str) -> None:
        super().__init__("event", f"{source} {event_id}")


class SchemaNotFound(NotFound):
    """No built-in event type of that name."""

    code = "schema_not_found"

    def __init__(self, name: str) -> None:
        super().__init__("event type", name)


class MeterKeyTaken(Refused):
    """The key is a built-in meter's, or in use on the other side, the vendor's or a customer's."""

    code = "meter_key_taken"
    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(f"A built-in meter, the vendor or a customer has the key '{key}'. Choose another one.")


class TooManyMeters(Refused):
    """The owner has as many versions of custom meters as are looked after."""

    code = "too_many_meters"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} versions of custom meters already. Use one of them: GET /v1/meters.")


class MeterNotFound(NotFound):
    """No such meter, or somebody else's."""

    code = "meter_not_found"

    def __init__(self, name: str) -> None:
        super().__init__("meter", name)


class MeterUnknown(Refused):
    """No meter of that name, built-in or custom."""

    code = "meter_unknown"
    status = 422

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no meter '{name}'. GET /v1/meters lists them, for example members.active.")


class RangeInvalid(Refused):
    """`from` and `to` are missing, unreadable, in the wrong order or too far apart."""

    code = "range_invalid"
    status = 422


class GranularityInvalid(Refused):
    """Not a granularity that is known."""

    code = "granularity_invalid"
    status = 422

    def __init__(self, granularity: str, known: Iterable[str]) -> None:
        super().__init__(f"'{granularity}' is not a granularity. Use one of {', '.join(known)}.")


class GroupingInvalid(Refused):
    """The meter does not keep that dimension."""

    code = "group_by_invalid"
    status = 422

    def __init__(self, meter: str, group_by: str, known: Iterable[str]) -> None:
        super().__init__(f"{meter} can't be grouped by '{group_by[:100]}'. Use one of {', '.join(known)}.")


class CursorInvalid(Refused):
    """The cursor was not made by this list."""

    code = "cursor_invalid"
    status = 422

    def __init__(self) -> None:
        super().__init__("The cursor is not one that this list gave. Start again without it.")


class ImportNotFound(NotFound):
    """No such import."""

    code = "import_not_found"

    def __init__(self, job_id: object) -> None:
        super().__init__("import", job_id)


class ImportTooLarge(Refused):
    """The file is over the limit."""

    code = "import_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The file has more than {limit:,} bytes. Cut it up: parts that overlap never count twice.")


class ImportMediaUnsupported(Refused):
    """The body is not a file of a format that is read."""

    code = "import_media_unsupported"
    status = 415

    def __init__(self, content_type: str) -> None:
        super().__init__(
            f"'{content_type or 'no Content-Type'}' is not a file that is read here. Send text/csv,"
            " application/x-ndjson, application/vnd.apache.parquet, application/octet-stream, or a form with a field"
            " 'file'. Single events in JSON go to POST /v1/events."
        )


class ImportOver(Refused):
    """The import has ended already; what was taken stays."""

    code = "import_over"

    def __init__(self, status: str) -> None:
        super().__init__(f"The import is {status} already. Events that it took are changed by corrections.")


class StatementInvalid(Refused):
    """A statement, or the request that carries it, is not what xAPI wants; nothing of it was taken."""

    code = "statement_invalid"
    status = 400


class XapiRequestInvalid(Refused):
    """A header or a parameter of an xAPI request is missing, unknown or unreadable."""

    code = "xapi_request_invalid"
    status = 400

    def __init__(self, detail: str, *errors: InputError) -> None:
        super().__init__(detail)
        self.errors = errors


class StatementConflict(Refused):
    """A statement of that id with other content is stored; the first one stays."""

    code = "statement_conflict"
    status = 409


class StatementNotFound(NotFound):
    """No such statement, or it is voided and was not asked for as such, or its person was forgotten."""

    code = "statement_not_found"

    def __init__(self, statement_id: object) -> None:
        super().__init__("statement", statement_id)


class XapiRuleInvalid(InvalidInput):
    """A row of the mapping names no event type, or lacks what the type needs; every fault is listed in `errors`."""

    code = "xapi_rule_invalid"


class XapiRuleNotFound(NotFound):
    """The tenant's mapping has no such row."""

    code = "xapi_rule_not_found"

    def __init__(self, key: object) -> None:
        super().__init__("mapping", key)


class XapiResourceUnknown(NotFound):
    """Documents (state, profiles) are not kept: this record store is for statements."""

    code = "xapi_resource_unknown"

    def __init__(self, name: str) -> None:
        super().__init__("xAPI resource", name)
