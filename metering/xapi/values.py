"""The special values of xAPI: what an IRI, a UUID, a timestamp … is (pure)."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

__all__ = (
    "duration_minutes",
    "instant_text",
    "is_content_type",
    "is_duration",
    "is_iri",
    "is_language",
    "is_mailto",
    "is_sha1",
    "is_sha2",
    "is_uuid",
    "read_instant",
)

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}")
_MAILTO = re.compile(r"mailto:[^\s@:<>\x00-\x20]+@[^\s@:<>\x00-\x20]+")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SHA2 = re.compile(r"[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}")
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - of a media type
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(\s*;\s*{_TOKEN}=({_TOKEN}|\"[^\"\r\n]*\"))*\s*;?")

# RFC 5646: language, script, region, variants, extensions, private use.
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]{2,8}",
    re.IGNORECASE,
)

_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_DURATION = re.compile(
    rf"P(?:(?P<weeks>{_NUMBER})W|(?=.)(?:(?P<years>{_NUMBER})Y)?(?:(?P<months>{_NUMBER})M)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?=[0-9])(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?)"
)
_MINUTES = {"weeks": 7 * 24 * 60, "days": 24 * 60, "hours": 60, "minutes": 1}

_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def is_iri(value: str) -> bool:
    """Return whether it has a scheme and nothing that an IRI cannot hold."""
    return _IRI.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    """Return whether it is a UUID of RFC 9562 in its standard form."""
    return _UUID.fullmatch(value) is not None


def is_mailto(value: str) -> bool:
    """Return whether it is `mailto:` and one address."""
    return _MAILTO.fullmatch(value) is not None


def is_sha1(value: str) -> bool:
    """Return whether it is a SHA-1 in hexadecimal."""
    return _SHA1.fullmatch(value) is not None


def is_sha2(value: str) -> bool:
    """Return whether it is a SHA-2 (224, 256, 384 or 512 bits) in hexadecimal."""
    return _SHA2.fullmatch(value) is not None


def is_content_type(value: str) -> bool:
    """Return whether it is an Internet media type, maybe with parameters."""
    return _CONTENT_TYPE.fullmatch(value) is not None


def is_language(value: str) -> bool:
    """Return whether it is a well-formed language tag.

    >>> is_language("en-US"), is_language("zh-Hans-CN"), is_language("a12345")
    (True, True, False)
    """
    return _LANGUAGE.fullmatch(value) is not None


def is_duration(value: str) -> bool:
    """Return whether it is an ISO 8601 duration; weeks stand alone.

    >>> is_duration("PT4H35M59.14S"), is_duration("P4W"), is_duration("P4W1D"), is_duration("P")
    (True, True, False, False)
    """
    return _DURATION.fullmatch(value) is not None


def duration_minutes(value: str) -> Decimal | None:
    """Return a duration in minutes; None where years or months make it inexact.

    >>> duration_minutes("PT1H30M"), duration_minutes("PT45S"), duration_minutes("P1M")
    (Decimal('90'), Decimal('0.75'), None)
    """
    found = _DURATION.fullmatch(value)
    if found is None or found["years"] or found["months"]:
        return None
    parts = {name: Decimal((found[name] or "0").replace(",", ".")) for name in (*_MINUTES, "seconds")}
    whole = sum((parts[name] * minutes for name, minutes in _MINUTES.items()), Decimal(0))
    return whole + parts["seconds"] / 60


def read_instant(value: str, *, zone_required: bool) -> datetime | None:
    """Return the instant of an ISO 8601 date and time in UTC, or None where it is none.

    A second 60 is the last moment of its minute; without a zone it is UTC. The offset -00:00 says that
    the zone is unknown, which xAPI refuses.

    >>> read_instant("2008-09-15T15:53:00.601+02:00", zone_required=True).isoformat()
    '2008-09-15T13:53:00.601000+00:00'
    """
    found = _INSTANT.fullmatch(value)
    if found is None or (zone_required and not found["zone"]):
        return None
    zone = found["zone"] or "Z"
    offset = timedelta()
    if zone not in "Zz":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
        if (zone[0] == "-" and not offset) or int(digits[:2]) > 23 or int(digits[2:]) > 59:
            return None
    second, fraction = int(found["second"] or 0), (found["fraction"] or "").ljust(6, "0")[:6]
    if second == 60:
        second, fraction = 59, "999999"
    try:
        local = datetime.fromisoformat(f"{found['day']}T{found['hour']}:{found['minute']}:{second:02}.{fraction}")
        return local.replace(tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return None


def instant_text(instant: datetime) -> str:
    """Return an instant as it stands in statements and headers: UTC, to the microsecond where it has them."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
