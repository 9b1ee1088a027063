"""Render the reference at ``/docs`` from the OpenAPI document: plain HTML, no script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from http_api.problems import TITLES

__all__ = ["reference_page"]

_OPTIONAL = " <em>optional</em>"


def reference_page(document: Mapping[str, Any]) -> str:
    """Build the page; it needs ``/docs/reference.css`` and nothing else."""
    schemas = document["components"]["schemas"]
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = {
        tag["name"]: [one for one in operations if tag["name"] in one[2]["tags"]]
        for tag in document["tags"]
    }
    info = document["info"]
    body = "".join(
        f'<section><h2 id="{_slug(tag)}">{escape(tag)}</h2>'
        + "".join(_operation(*one, schemas) for one in members)
        + "</section>"
        for tag, members in groups.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Lockstep reference</title><link rel="stylesheet" href="/docs/reference.css">'
        '</head><body><a class="skip" href="#top">Skip to the reference</a>'
        f'<nav aria-label="Sections"><p class="name"><a href="/">Lockstep</a></p>{_menu(groups)}'
        '<p><a href="/openapi.json">openapi.json</a></p>'
        '<p><a href="/asyncapi.json">asyncapi.json</a> (the socket)</p></nav>'
        '<main id="top"><h1>Lockstep reference</h1>'
        f'<p class="version">{escape(info["version"])}</p>'
        f"{_prose(info['description'])}{body}{_codes()}</main></body></html>"
    )


def _menu(groups: Mapping[str, Iterable[tuple[str, str, Any]]]) -> str:
    parts = []
    for tag, members in groups.items():
        links = "".join(
            f'<li><a href="#{operation["operationId"]}">'
            f'<b class="{method}">{method.upper()}</b> {escape(operation["summary"])}</a></li>'
            for _, method, operation in members
        )
        parts.append(f'<h2><a href="#{_slug(tag)}">{escape(tag)}</a></h2><ul>{links}</ul>')
    return "".join(parts) + '<h2><a href="#codes">Problem codes</a></h2>'


def _operation(
    path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> str:
    shown = re.sub(r"({\w+})", r"<i>\1</i>", escape(path))
    parts = [
        f'<article id="{operation["operationId"]}">',
        f'<h3><b class="{method}">{method.upper()}</b> <code>{shown}</code></h3>',
        f"<p>{escape(operation['summary'])}.</p>",
        _prose(operation.get("description", "")),
    ]
    if not operation["security"]:
        parts.append('<p class="open">No access token needed.</p>')
    if operation["parameters"]:
        rows = (
            (one["name"], one["in"], one["schema"], one.get("required", False))
            for one in operation["parameters"]
        )
        parts.append(
            _table(
                "Parameters",
                (
                    (f"{name} <small>{place}</small>", _kind(schema, schemas), required)
                    for name, place, schema, required in rows
                ),
            )
        )
    if "requestBody" in operation:
        for media_type, content in operation["requestBody"]["content"].items():
            parts.append(_fields(f"Body, {media_type}", content["schema"], schemas))
    parts.append(_answers(operation["responses"], schemas))
    parts.append("</article>")
    return "".join(parts)


def _answers(responses: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    parts = []
    for status, answer in responses.items():
        if int(status) < 400:
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            title = f"{status} {answer['description']}"
            parts.append(_fields(title, schema, schemas) if schema else f"<h4>{escape(title)}</h4>")
    refused = [
        f'<li title="{escape(answer["description"])}">{status}</li>'
        for status, answer in responses.items()
        if int(status) >= 400
    ]
    return "".join(parts) + f'<ul class="refusals">{"".join(refused)}</ul>'


def _fields(title: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    model = _resolve(schema, schemas)
    required = model.get("required", [])
    rows = (
        (
            f"{name}{_note(field)}",
            _kind(field, schemas),
            name in required,
        )
        for name, field in model.get("properties", {}).items()
    )
    return _table(title, rows)


def _note(field: Mapping[str, Any]) -> str:
    said = field.get("description")
    return f"<small>{escape(said)}</small>" if said else ""


def _table(title: str, rows: Iterable[tuple[str, str, bool]]) -> str:
    lines = "".join(
        f"<tr><th scope=row>{name}{_OPTIONAL * (not required)}</th><td>{kind}</td></tr>"
        for name, kind, required in rows
    )
    return f"<h4>{escape(title)}</h4>" + (f"<table>{lines}</table>" if lines else "")


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Say in a few words what a value may be."""
    if "anyOf" in schema:
        return " or ".join(_kind(one, schemas) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if "$ref" in schema:
        model = _resolve(schema, schemas)
        inside = ", ".join(escape(name) for name in model.get("properties", {}))
        return f"{{{inside}}}" if inside else "object"
    if schema.get("type") == "array":
        return f"array of {_kind(schema.get('items', {}), schemas)}"
    words = escape(str(schema.get("format") or schema.get("type", "any")))
    bounds = [
        f"{word} {schema[key]:,}"
        for key, word in (
            ("minLength", "at least"),
            ("maxLength", "at most"),
            ("minimum", "from"),
            ("maximum", "to"),
        )
        if key in schema
    ]
    return f"{words} {' '.join(bounds)}".strip()


def _resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = schemas[schema["$ref"].rpartition("/")[2]]
    return found


def _codes() -> str:
    rows = "".join(
        f'<tr id="{code}"><th scope=row><code>{code}</code></th><td>{escape(title)}.</td></tr>'
        for code, title in sorted(TITLES.items())
    )
    return f'<section><h2 id="codes">Problem codes</h2><table>{rows}</table></section>'


def _prose(text: str) -> str:
    """Turn the little Markdown of our descriptions into HTML."""
    html = escape(text, quote=False)
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", html)
    return "".join(f"<p>{part.strip()}</p>" for part in html.split("\n\n") if part.strip())


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower())
