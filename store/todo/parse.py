"""Turn a command's type and fields into its closed model, or say what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from store.errors import Invalid
from store.todo.commands import COMMANDS

if TYPE_CHECKING:
    from store.todo.commands import Command

__all__ = ["NOT_KNOWN", "UnknownCommandError", "invalid", "parse_command"]

NOT_KNOWN = "is not known here"
"""What is said of a field or a parameter that nothing takes."""


class UnknownCommandError(Exception):
    """Say that no command has this type."""


def invalid(error: ValidationError) -> Invalid:
    """Turn pydantic's findings into dotted paths and messages, without the offending values."""
    return Invalid(
        [
            (
                ".".join(str(part) for part in found["loc"]),
                NOT_KNOWN
                if found["type"] == "extra_forbidden"
                else found["msg"].removeprefix("Value error, "),
            )
            for found in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    )


def parse_command(kind: str, fields: Mapping[str, Any]) -> Command:
    """Validate ``fields`` (parsed JSON) as the command ``kind``.

    Raises UnknownCommandError when there is no such command, Invalid with the paths otherwise.
    """
    model = COMMANDS.get(kind)
    if model is None:
        raise UnknownCommandError(kind)
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from error
