"""Derive the body of a command's route from the command itself, for the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from store.todo.commands import COMMANDS

__all__ = ["body_model", "body_of"]


@cache
def body_model(kind: str, parameters: tuple[str, ...], *, nested: bool = False) -> type[BaseModel]:
    """Make the closed model of what is left for the body when the path has said ``parameters``.

    ``nested``: the fields of ``changes`` stand in the body themselves.
    """
    command = COMMANDS[kind]
    name = "".join(part.title() for part in kind.replace("_", ".").split("."))
    return _derived(command, f"{name}Body", parameters, nested=nested)


def body_of(command: type[BaseModel], parameters: tuple[str, ...]) -> type[BaseModel]:
    """Make the same for a command that is in no table because only HTTP knows it."""
    return _derived(command, f"{command.__name__}Body", parameters, nested=False)


def _derived(
    command: type[BaseModel], title: str, parameters: tuple[str, ...], *, nested: bool
) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in command.model_fields.items()
        if name != "type" and name not in parameters
    }
    if nested:
        changes = command.model_fields["changes"].annotation
        assert isinstance(changes, type)  # noqa: S101 - every command with changes models them
        assert issubclass(changes, BaseModel)  # noqa: S101
        del fields["changes"]
        fields |= {name: (field.annotation, field) for name, field in changes.model_fields.items()}
    return create_model(
        title,
        __config__=ConfigDict(
            extra="forbid", json_schema_extra=_without_defaults if nested else None
        ),
        __doc__=command.__doc__,
        **fields,
    )


def _without_defaults(schema: dict[str, Any]) -> None:
    """An absent field stays as it is, so there is no value that it would have."""
    for field in schema["properties"].values():
        field.pop("default", None)
