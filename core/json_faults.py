"""What is wrong with JSON that decoders take none the less, or die of (pure)."""

import json
from typing import Any

__all__ = ("MAX_DEPTH", "NameTwice", "json_fault", "refuse_repeated_names")

MAX_DEPTH = 64
"""How deep a body of JSON may be nested; events, statements and documents have lower limits of their own."""


class NameTwice(ValueError):
    """An object has a name twice: a decoder would keep the last value and lose the other without a word."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The name '{name[:64]}' stands twice in one object. Send it once.")


def refuse_repeated_names(text: bytes) -> Any:
    """Return what JSON says.

    Raises:
        NameTwice: an object has a name twice.
        ValueError, RecursionError: it is no JSON, or too deep to be read.
    """
    return _DECODER.decode(text.decode(json.detect_encoding(text), "surrogatepass"))  # as json.loads reads bytes


def json_fault(text: bytes) -> str | None:
    """Return why a body is refused before anything reads it; None where it is sound, or no JSON at all."""
    try:
        deep = _is_deep(refuse_repeated_names(text), text.count(b"[") + text.count(b"{"))
    except NameTwice as twice:
        return str(twice)
    except RecursionError:
        deep = True
    except ValueError:
        return None  # whoever reads it says so
    return f"The body is nested more than {MAX_DEPTH} levels deep. Flatten it." if deep else None


def _is_deep(value: Any, brackets: int) -> bool:
    if brackets <= MAX_DEPTH:
        return False
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)
                 if isinstance(child, dict | list)]  # fmt: skip
    return bool(level)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NameTwice(name)
            seen.add(name)
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct)
"""Made once: to make it anew for each body costs as much as reading a small one."""
