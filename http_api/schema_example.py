"""Make up an example of what a JSON schema describes: always the same one, always valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["example_of"]

Schema = Mapping[str, Any]

# A field that is not named here is called by its own name.
_WORDS: Final = {
    "client": "c1",
    "completed_by": "ann",
    "label": "food",
    "labels": "food",
    "assignees": "ann",
    "notes": "Two litres",
    "position": "a0",
    "reason": "removed",
    "text": "Hello",
    "title": "Milk",
    "to": "bob",
    "user": "0197f2b2-3c5e-7c60-9d0e-0c6f2f1a7b12",
    "username": "ann",
}
_FORMATS: Final = {
    "uuid": "0197f2b2-3c5e-7c60-9d0e-0c6f2f1a7b11",
    "date-time": "2026-03-01T12:00:00.000Z",
}


def example_of(schema: Schema, schemas: Mapping[str, Schema], name: str = "") -> Any:
    """Make an example; ``schemas`` are those that a ``$ref`` may name, ``name`` is the field's.

    Of an object the required fields, or all where none is; of alternatives the first. A schema
    without a type allows anything and gets a text. Schemas must not contain themselves.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    for key in ("examples", "enum"):
        if key in schema:
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], schemas, name)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            shown = schema.get("required") or fields
            return {field: example_of(fields[field], schemas, field) for field in shown}
        case "array":
            return [example_of(schema["items"], schemas, name)]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case _:
            return _FORMATS.get(schema.get("format", "")) or _WORDS.get(name, name or "anything")
