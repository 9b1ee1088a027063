"""Write the OpenAPI 3.1 document from the table of endpoints and their models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from http_api.answers import Problem
from http_api.endpoint import names_id
from http_api.problems import MEDIA_TYPE
from http_api.version import version

if TYPE_CHECKING:
    from pydantic import BaseModel

    from http_api.endpoint import Answer, Endpoint

__all__ = ["openapi_document"]

_REFS: Final = "#/components/schemas/{model}"

_INTRODUCTION: Final = """\
Shared todo lists that stay in step on every screen. A list is an ordered log: every accepted
change is one numbered entry, and its number, the *offset*, is the position in the live stream, the
place to resume from, and the ETag of the snapshot. The live side is the socket at
`/connection/websocket`, which speaks the Centrifugo client protocol.

Every write takes an operation id (`Idempotency-Key`, or `op` in the body): sent again, it gets the
first answer again. Refusals are problem details (RFC 9457) with a stable `code`.
"""

_REFUSALS: Final = {
    400: "The request does not parse: no JSON object, a key twice, a broken header",
    401: "No access token, or one that is not (or no longer) valid",
    403: "The role does not suffice, or a page of another site asks",
    404: "There is no such thing, or the caller may not know that there is",
    405: "The path does not know this method",
    409: "The state forbids it, or the operation id was used for something else; `code` says which",
    410: "The history does not reach back to that position",
    412: "It changed after the position in If-Match; the answer has the current state",
    413: "The body is over 256 KiB",
    415: "The body is not of the type the route reads",
    422: "A field breaks a rule; `errors` says which and how",
    429: "Too many requests; Retry-After says when to try again",
    503: "Not available right now; a retry with the same operation id is safe",
}


def openapi_document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Build the document; the same endpoints give the same document."""
    table = tuple(endpoints)
    models: set[type[BaseModel]] = {Problem}
    for endpoint in table:
        models.update(_models(endpoint))
    ordered = sorted(models, key=_name_of)
    refs, schemas = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=_REFS
    )
    names = {model: refs[model, "validation"] for model in ordered}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in table:
        path = endpoint.path.replace(":path}", "}")
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lockstep",
            "version": version(),
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in table)],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of `POST /api/v1/auth/token`.",
                }
            },
        },
    }


def _name_of(model: type[BaseModel]) -> str:
    return model.__name__


def _models(endpoint: Endpoint) -> Iterable[type[BaseModel]]:
    if endpoint.body is not None:
        yield endpoint.body
    for answer in endpoint.answers.values():
        if answer.model is not None:
            yield answer.model


def _operation(
    endpoint: Endpoint, names: Mapping[type[BaseModel], Mapping[str, Any]]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "security": [] if endpoint.public else [{"token": []}],
        "parameters": [*_path_parameters(endpoint), *_query(endpoint), *_headers(endpoint)],
        "responses": {
            str(status): _answer(answer, names) for status, answer in endpoint.answers.items()
        },
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body is not None:
        needed = any(field.is_required() for field in endpoint.body.model_fields.values())
        operation["requestBody"] = {
            "required": needed,
            "content": {endpoint.body_type: {"schema": names[endpoint.body]}},
        }
    for status in _refusals(endpoint):
        operation["responses"].setdefault(str(status), _refusal(status))
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path.removeprefix("/api/v1").replace(":path}", ""))
    return "_".join([endpoint.method.lower(), *words])


def _answer(answer: Answer, names: Mapping[type[BaseModel], Mapping[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.model is not None:
        described["content"] = {"application/json": {"schema": names[answer.model]}}
    elif answer.media_type is not None:
        described["content"] = {answer.media_type: {}}
    if answer.etag:
        described["headers"] = {
            "ETag": {
                "description": "Names this version.",
                "schema": {"type": "string", "examples": ['"5f2b9c-42"']},
            }
        }
    return described


def _refusal(status: int) -> dict[str, Any]:
    return {
        "description": _REFUSALS.get(status, HTTPStatus(status).phrase),
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFS.format(model=Problem.__name__)}}},
    }


def _refusals(endpoint: Endpoint) -> list[int]:
    found = set(endpoint.refusals)
    if not endpoint.public:
        found.add(401)
    if endpoint.path.startswith("/api/"):
        found |= {400, 422, 503}
    if endpoint.method != "GET":
        found |= {400, 403, 413, 415, 422}
    if endpoint.query is not None:
        found |= {400, 422}
    if endpoint.write:
        found.add(409)
    if endpoint.conditional:
        found.add(412)
    return sorted(found)


def _path_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)", endpoint.path):
        schema = {"type": "string", **({"format": "uuid"} if names_id(name) else {})}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if endpoint.query is None:
        return
    schema = endpoint.query.model_json_schema()
    for name, field in schema["properties"].items():
        described = {key: value for key, value in field.items() if key not in {"title", "default"}}
        if field.get("default") is not None:
            described["default"] = field["default"]
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": described,
        }


def _headers(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    uuid = {"type": "string", "format": "uuid"}
    if endpoint.write:
        yield _header("Idempotency-Key", "Names this change; `op` in the body does the same.", uuid)
    text = {"type": "string", "examples": ['"5f2b9c-42"']}
    if endpoint.conditional:
        told = "Write only if the thing's ETag is still one of these; `*` stands for any."
        yield _header("If-Match", told, text)
    if any(answer.etag for answer in endpoint.answers.values()) and endpoint.method == "GET":
        yield _header("If-None-Match", "Answer 304 if this is still the ETag.", text)


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema}
