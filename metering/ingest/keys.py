"""The identity of an event as 16 bytes, and the hash that tells its content (pure)."""

from hashlib import blake2b
from uuid import UUID

__all__ = ("content_hash", "event_key", "event_uuid")

_CROCKFORD = {letter: value for value, letter in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_ULID_LENGTH = 26
_UUID_LENGTH = 36


def event_key(source: str, event_id: str) -> bytes:
    """Return the key of `(source, id)`: a function of these two and nothing else.

    It is blake2b over `source NUL id`. Where the id is a UUIDv7 or a ULID, its 48 bits of
    milliseconds come first (then 80 bits of the hash), so that keys of such senders arrive in the
    order of the index and its pages stay warm. The event's `time` has no part in it: a retry
    stamped anew is the same event.

    >>> event_key("lms", "1") == event_key("lms", "1"), event_key("lms", "1") == event_key("lms1", "")
    (True, False)
    """
    digest = blake2b(f"{source}\0{event_id}".encode(), digest_size=16).digest()
    length = len(event_id)
    if length == _UUID_LENGTH and event_id[14] == "7" and event_id[8] == event_id[13] == "-":
        try:
            stamp = bytes.fromhex(event_id[:8] + event_id[9:13])
        except ValueError:
            return digest
        return stamp + digest[:10] if len(stamp) == 6 else digest
    if length == _ULID_LENGTH and event_id[0] in "01234567":
        milliseconds = 0
        for letter in event_id[:10]:
            value = _CROCKFORD.get(letter)
            if value is None:
                return digest
            milliseconds = milliseconds << 5 | value
        return milliseconds.to_bytes(7, "big")[1:] + digest[:10]
    return digest


def event_uuid(source: str, event_id: str) -> UUID:
    """Return the key as the UUID that the tables hold."""
    return UUID(bytes=event_key(source, event_id))


def content_hash(event_type: str, subject: str, canonical_data: bytes) -> bytes:
    """Return 16 bytes that tell content apart: type, subject and canonical data, not the time.

    Neither type nor subject can hold a NUL, so that no two contents run together.
    """
    return blake2b(f"{event_type}\0{subject}\0".encode() + canonical_data, digest_size=16).digest()
