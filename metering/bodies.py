"""Stored bodies: JSON under zstd with a dictionary, which makes 50 to 80 bytes of 210 where it was 175 (pure).

A body is short and much like others, so that a frame of its own can compress little; the dictionary
holds what all of them share. A frame names its dictionary by id: `dictionaries/<id>.zdict` must stay
for as long as bodies may have been written with it. Frames without one are read as well.
"""

import threading
from functools import cache
from pathlib import Path

import zstandard

__all__ = ("CURRENT", "DICTIONARIES", "packed_body", "unpacked_body")

DICTIONARIES = Path(__file__).parent / "dictionaries"
CURRENT = 32_769
"""The dictionary that bodies are written with. Ids below 32,768 are reserved by the format."""


class _Codecs(threading.local):
    """Compressors keep a state of their own, so that each thread has its own."""

    def __init__(self) -> None:
        current = _dictionary(CURRENT)
        self.pack = zstandard.ZstdCompressor(level=1, dict_data=current, write_checksum=False).compress
        self.unpack = zstandard.ZstdDecompressor(dict_data=current).decompress


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    made = zstandard.ZstdCompressionDict((DICTIONARIES / f"{number}.zdict").read_bytes())
    made.precompute_compress(level=1)
    return made


_codecs: _Codecs | None = None
_making = threading.Lock()


def _mine() -> _Codecs:
    global _codecs  # noqa: PLW0603 - made at first use, so that importing reads no file
    if _codecs is None:
        with _making:
            _codecs = _codecs or _Codecs()
    return _codecs


def packed_body(text: bytes) -> bytes:
    """Return a body as it is stored."""
    return _mine().pack(text)


def unpacked_body(packed: bytes) -> bytes:
    """Return the text of a stored body, whichever dictionary it was written with.

    Raises:
        FileNotFoundError: its dictionary was deleted.
    """
    number = zstandard.get_frame_parameters(packed).dict_id
    if number in (0, CURRENT):
        return _mine().unpack(packed)
    return zstandard.ZstdDecompressor(dict_data=_dictionary(number)).decompress(packed)
