"""JSON Schema (2020-12) of whole events, as served under /schemas (pure)."""

from typing import Any

import msgspec

from metering.events.registry import REGISTRY, EventType

__all__ = ("event_schema", "schema_index")

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schema(kind: EventType) -> dict[str, Any]:
    """Return the schema of one event type: CloudEvents attributes and its `data`."""
    (data,), definitions = msgspec.json.schema_components([kind.data], ref_template="#/$defs/{name}")
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"/schemas/{kind.name}",
        "title": kind.name,
        "description": kind.summary,
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "subject"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "minLength": 1, "maxLength": 512, "description": "Unique per source, for ever."},
            "source": {"type": "string", "minLength": 1, "maxLength": 512, "description": "Who sends."},
            "type": {"const": kind.name},
            "time": {"type": "string", "format": "date-time", "description": "When it happened, with an offset."},
            "subject": {"type": "string", "minLength": 1, "maxLength": 512, "description": "The person's key."},
            "data": data,
        },
        "$defs": _decimals_as_numbers(definitions),
    }
    if any(field.required for field in msgspec.structs.fields(kind.data)):
        schema["required"].append("data")
    return schema


def _decimals_as_numbers(schema: Any) -> Any:
    """Say that a decimal may be a JSON number too, as the decoder takes it: msgspec tells of strings only."""
    if isinstance(schema, list):
        return [_decimals_as_numbers(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _decimals_as_numbers(value) for name, value in schema.items()}
    return told | {"type": ["number", "string"]} if told.get("format") == "decimal" else told


def schema_index() -> dict[str, Any]:
    """Return all types with the address of their schema, by name."""
    return {
        "items": [
            {"type": kind.name, "summary": kind.summary, "schema": f"/schemas/{kind.name}"}
            for _, kind in sorted(REGISTRY.items())
        ]
    }
