"""The reference: a valid document that names every route, and a page made of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from http_api.app import Application
from http_api.endpoint import API
from http_api.openapi import openapi_document
from http_api.problems import TITLES
from http_api.reference_page import reference_page
from http_api.settings import Settings
from http_api.socket_door import SOCKET_PATH
from http_api.table import ENDPOINTS
from store.todo.commands import COMMANDS


def document() -> dict[str, Any]:
    """Build the document of the whole service."""
    return openapi_document(ENDPOINTS)


def test_the_document_is_valid_openapi() -> None:
    """Generators and explorers can read it."""
    assert not list(OpenAPIV31SpecValidator(document()).iter_errors())


def test_every_route_of_the_app_is_described() -> None:
    """What is served is told of, but for the socket, which is no HTTP."""
    app = Application(Settings(_env_file=None))
    served = {route.path for route in app.routes if isinstance(route, Route)}
    described = {path.replace("{path}", "{path:path}") for path in document()["paths"]}
    described = {path.replace("{label}", "{label:path}") for path in described}
    assert served - {SOCKET_PATH} == described


def test_operations_have_names_of_their_own() -> None:
    """Generators make functions of them."""
    names = [
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names)) == len(ENDPOINTS)


def test_every_command_has_a_route() -> None:
    """What the socket can do, HTTP can do."""
    bodies = {endpoint.body.__name__ for endpoint in ENDPOINTS if endpoint.body is not None}
    for kind in COMMANDS:
        words = "".join(part.title() for part in kind.replace("_", ".").split("."))
        assert f"{words}Body" in bodies, kind


def test_bodies_are_closed() -> None:
    """Unknown fields are refused, and the reference says so; but not the protocol's."""
    for endpoint in ENDPOINTS:
        if endpoint.body is not None and endpoint.path.startswith(API):
            assert endpoint.body.model_json_schema()["additionalProperties"] is False, endpoint.path


def test_what_the_path_says_is_not_in_the_body() -> None:
    """A thing is named once."""
    for endpoint in ENDPOINTS:
        if endpoint.body is not None:
            fields = set(endpoint.body.model_fields)
            assert not fields & {*re.findall(r"{(\w+)", endpoint.path), "type"}, endpoint.path


class _Page(HTMLParser):
    """Collect ids and local links, and see that every tag is closed."""

    void = frozenset({"meta", "link", "br", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.extend(value for value in [found.get("id")] if value)
        self.links.extend(value for value in [found.get("href")] if value)
        assert "style" not in found
        assert tag not in {"style", "script"}, "the content policy forbids it"
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_its_links_lead_somewhere() -> None:
    """Every anchor that the page or a problem's type names is on it."""
    parser = _Page()
    parser.feed(reference_page(document()))
    assert not parser.open
    assert len(parser.ids) == len(set(parser.ids))
    wanted = {link[1:] for link in parser.links if link.startswith("#")}
    assert wanted | set(TITLES) <= set(parser.ids)


def test_every_refusal_in_the_sources_has_a_title() -> None:
    """A problem without a title of its own would say the status twice."""
    from tests.docs.test_errors import _words

    assert _words() <= set(TITLES)


def test_writes_without_an_operation_id_are_safe_to_repeat_by_nature() -> None:
    """Whoever logs in or out has no account to remember ids for; what has ended stays ended."""
    without = {
        f"{endpoint.method} {endpoint.path.removeprefix('/api/v1')}"
        for endpoint in ENDPOINTS
        if endpoint.method != "GET" and not endpoint.write
    }
    assert without == {
        "POST /auth/register",
        "POST /auth/token",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "DELETE /lists/{list_id}/invites/{invite_id}",
        "POST /connection/http_stream",
        "POST /emulation",  # each command has an operation id of its own
    }


def test_the_reference_says_in_which_form_a_todo_names_people() -> None:
    """Usernames where commands and filters take them, id and username where somebody acted."""
    fields = document()["components"]["schemas"]["TodoShape"]["properties"]
    assert "username" in fields["completed_by"]["description"]
    assert "sernames" in fields["assignees"]["description"]
    assert fields["created_by"]["$ref"].endswith("/PersonShape")
