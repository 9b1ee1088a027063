"""Describe what goes into and comes out of the routes about accounts and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from http_api.answers import Shape
from store.todo.commands import Id

__all__ = [
    "AccountAnswer",
    "LoginBody",
    "LogoutBody",
    "OpBody",
    "PasswordBody",
    "RefreshBody",
    "RefreshQuery",
    "RegisterBody",
    "SessionsAnswer",
    "TokenForm",
    "TokensAnswer",
]

# What the rules say about these is said by the store, with better words; this bounds the work.
Given = Annotated[StrictStr, Field(max_length=1024)]
Secret = Annotated[StrictStr, Field(max_length=1024, json_schema_extra={"format": "password"})]


# A login answers alike whatever does not fit, so nothing but the size of the body bounds these.
Tried = Annotated[StrictStr, Field(json_schema_extra={"format": "password"})]


class Closed(BaseModel):
    """Refuse unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RegisterBody(Closed):
    """Ask for an account."""

    username: Given = Field(
        description='1 to 32 letters and digits of one script, and ".", "_", "-"; never changes.'
    )
    password: Secret = Field(description="12 to 128 characters, none of the common passwords.")
    email: Given | None = None
    display_name: Given | None = Field(default=None, description="At most 100 characters.")
    invite: Given | None = Field(
        default=None, description="An invitation's token: the account joins its list at once."
    )


class LoginBody(Closed):
    """Prove who you are."""

    username: StrictStr
    password: Tried


class TokenForm(LoginBody):
    """Prove who you are, as the OAuth2 password grant does; scope and client are ignored."""

    grant_type: Literal["password", ""] = "password"
    scope: Given = ""
    client_id: Given = ""
    client_secret: Secret = ""


class RefreshQuery(Closed):
    """Say where the refresh token is kept."""

    refresh: Literal["cookie"] | None = Field(
        default=None,
        description="`cookie`: the refresh token comes as an HttpOnly cookie, not in the answer.",
    )


class RefreshBody(Closed):
    """Hand in the refresh token; pages leave it out, their cookie has it."""

    refresh_token: Secret | None = None


class LogoutBody(RefreshBody):
    """Name the session by its refresh token when no access token is at hand."""


class PasswordBody(Closed):
    """Replace the password; every other session ends."""

    current_password: Secret
    new_password: Secret
    op: Id | None = None


class OpBody(Closed):
    """Name this change, and nothing else."""

    op: Id | None = None


class TokensAnswer(Shape):
    """Give the tokens of a session."""

    access_token: str = Field(
        description="For the field Authorization: Bearer ..., and the socket."
    )
    refresh_token: str | None = Field(
        default=None, description="Works once; absent when it is kept in the cookie."
    )
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")


class AccountAnswer(Shape):
    """Show an account to its owner."""

    id: UUID
    username: str
    display_name: str
    email: str | None
    is_admin: bool
    inbox_id: UUID = Field(description="The list that every account keeps.")
    created_at: datetime


class SessionShape(Shape):
    """Show one login."""

    id: UUID
    device: str = Field(description="What the client called itself when it logged in.")
    created_at: datetime
    used_at: datetime = Field(description="When its tokens were last refreshed.")
    expires_at: datetime = Field(description="When it ends unless it is refreshed.")
    current: bool = Field(description="Whether it is the one that asks.")


class SessionsAnswer(Shape):
    """Show all my logins, the latest used first."""

    sessions: list[SessionShape]
