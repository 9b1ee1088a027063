"""Hold one request on its way through a route: who asks, and readers for what they sent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from pydantic import BaseModel, ValidationError

from http_api.body import read_form, read_object
from http_api.refusals import Malformed
from http_api.trail import trail_of
from store.entry import Position
from store.errors import Invalid, NotFound, Unauthenticated
from store.todo.parse import invalid

if TYPE_CHECKING:
    from starlette.requests import Request

    from http_api.services import Services
    from realtime.credentials import Credentials
    from store.actor import Actor

__all__ = ["Call", "parse_if_match", "parse_uuid"]

M = TypeVar("M", bound=BaseModel)

# RFC 9110 section 8.8.3, and spaces. Members of a list may be empty (section 5.6.1.2), not all.
_TAG = re.compile(r'(W/)?"([^"\x00-\x1f\x7f]*)"')
_TAGS = re.compile(rf"[ \t,]*{_TAG.pattern}(?:[ \t]*,[ \t,]*{_TAG.pattern})*[ \t,]*")
_OFFSET = re.compile(r"[0-9]{1,16}")
# Python's own reading also takes braces, 0x, a sign and underscores: other spellings of another id.
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Call:
    """Carry a request to its handler.

    ``credentials`` is None on public routes only. Readers raise the refusal that the caller should
    see, so a handler just reads on.
    """

    __slots__ = ("credentials", "request", "request_id", "services")

    def __init__(
        self,
        request: Request,
        services: Services,
        credentials: Credentials | None,
        request_id: str,
    ) -> None:
        self.request = request
        self.services = services
        self.credentials = credentials
        self.request_id = request_id

    @property
    def actor(self) -> Actor:
        """Name the authenticated caller; raises Unauthenticated on a public route."""
        if self.credentials is None:
            raise Unauthenticated
        return self.credentials.actor

    @property
    def address(self) -> str:
        """Give the caller's address as far as trusted proxies tell it; empty when unknown."""
        client = self.request.client
        return client.host if client is not None else ""

    def path_text(self, name: str) -> str:
        """Give a path parameter as it was sent, percent-decoded."""
        return str(self.request.path_params[name])

    def path_id(self, name: str) -> UUID:
        """Read an id from the path; what is no id names nothing: raises NotFound."""
        found = parse_uuid(self.path_text(name))
        if found is None:
            raise NotFound
        if name == "list_id":
            trail_of(self.request.scope).list = str(found)
        return found

    def query(self, model: type[M]) -> M:
        """Read the query parameters; raises Invalid for unknown, repeated or bad ones."""
        try:
            pairs = parse_qsl(
                self.request.scope["query_string"].decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=50,
            )
        except ValueError as error:
            raise Malformed("The query string does not parse.") from error
        repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        if repeated:
            raise Invalid([(name, "is given more than once") for name in repeated])
        return _validated(model, dict(pairs))

    async def fields(self) -> dict[str, Any]:
        """Read the JSON object of the body; no body at all is the empty object."""
        return await read_object(self.request)

    async def body(self, model: type[M]) -> M:
        """Read the JSON body as a closed model; raises Invalid with the paths of what is wrong."""
        return _validated(model, await read_object(self.request))

    async def form(self, model: type[M]) -> M:
        """Read a form body as a closed model; raises Invalid."""
        return _validated(model, await read_form(self.request))

    def op(self, fields: Mapping[str, Any]) -> str | None:
        """Give the operation id: the ``Idempotency-Key`` header, or ``op`` of the body.

        None when neither is there. Raises Invalid when it is no UUID or the two differ.
        """
        header = self.request.headers.get("idempotency-key")
        if header is None:
            return fields.get("op")
        # A UUID, bare or as the quoted string of the header's Internet draft.
        bare = header.strip()
        key = parse_uuid(bare[1:-1] if bare[:1] == bare[-1:] == '"' else bare)
        if key is None:
            raise Invalid([("Idempotency-Key", "must be a UUID")])
        given = fields.get("op")
        if given is not None and parse_uuid(given) != key:
            raise Invalid([("op", "differs from the header Idempotency-Key")])
        return str(key)

    def if_match(self) -> tuple[Position, ...] | None:
        """Read the ``If-Match`` header; None when the write is unconditional.

        See ``parse_if_match``. Raises Malformed.
        """
        lines = self.request.headers.getlist("if-match")
        return parse_if_match(", ".join(lines)) if lines else None


def parse_uuid(value: object) -> UUID | None:
    """Read a UUID in its usual spelling (36 characters); None for anything else."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        return None
    return UUID(value)


def parse_if_match(header: str) -> tuple[Position, ...] | None:
    """Read the positions that entity tags ``"<epoch>-<offset>"`` name (RFC 9110 section 13.1.1).

    ``*`` asks only that the thing exists, which every write does anyway: None. Tags that are weak
    or not of ours match nothing; with no other tag the write will be stale. What is no list of tags
    raises Malformed: a condition that we cannot read must not be ignored.
    """
    header = header.strip()
    if header == "*":
        return None
    if not _TAGS.fullmatch(header):
        raise Malformed('If-Match must be entity tags, such as "epoch-42", quotes included, or *.')
    named: list[Position] = []
    for weak, opaque in _TAG.findall(header):
        epoch, _, offset = opaque.rpartition("-")
        if epoch and not weak and _OFFSET.fullmatch(offset):
            named.append(Position(epoch, int(offset)))
    return tuple(named)


def _validated(model: type[M], fields: dict[str, Any]) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None
