"""Members of a list: who may see and do what."""

from __future__ import annotations

from typing import Final

from http_api.answers import MemberWritten, Written
from http_api.write import command_route

__all__ = ["ENDPOINTS"]

_PATH: Final = "/lists/{list_id}/members/{username}"

ENDPOINTS: Final = (
    command_route(
        "PUT",
        _PATH,
        "member.set",
        tag="Members",
        summary="Add a member, or change a member's role",
        model=MemberWritten,
        refusals=(403, 404, 409),
    ),
    command_route(
        "DELETE",
        _PATH,
        "member.remove",
        tag="Members",
        summary="Remove a member; anyone may remove themself",
        model=Written,
        refusals=(403, 404, 409),
    ),
)
