"""Examples made up from schemas are valid, and the same every time."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel

from http_api import answers
from http_api.schema_example import example_of

_MODELS = [getattr(answers, name) for name in answers.__all__]


@pytest.mark.parametrize("model", _MODELS)
def test_the_example_of_a_model_is_valid(model: type[BaseModel]) -> None:
    """Whatever the model is made of."""
    schema = model.model_json_schema()
    example = example_of(schema, schema.get("$defs", {}))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)
    assert example == example_of(schema, schema.get("$defs", {}))


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "examples": ["that"]}, "that"),
        ({"const": 7}, 7),
        ({"enum": ["low", "high"]}, "low"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "object", "properties": {"title": {"type": "string"}}}, {"title": "Milk"}),
        ({"$ref": "#/somewhere/One"}, True),
        ({}, "anything"),
    ],
)
def test_the_example_is_what_the_schema_says_first(schema: Any, example: Any) -> None:
    """Given examples, constants and first alternatives go before anything made up."""
    assert example_of(schema, {"One": {"type": "boolean"}}) == example
