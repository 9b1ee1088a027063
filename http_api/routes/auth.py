"""Registering, logging in and out, and trading refresh tokens."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from http_api.account_shapes import (
    AccountAnswer,
    LoginBody,
    LogoutBody,
    RefreshBody,
    RefreshQuery,
    RegisterBody,
    TokenForm,
    TokensAnswer,
)
from http_api.dispatch import authenticated
from http_api.endpoint import API, Answer, Endpoint
from http_api.problems import problem_response
from http_api.refresh_cookie import clear_cookie, put_cookie, read_cookie
from http_api.reply import reply
from store.actor import Actor
from store.commit_profile import account_json
from store.errors import Conflict, Forbidden, NotFound, Unauthenticated
from store.sessions import FamilyRevoked
from store.todo.commands import InviteAccept

if TYPE_CHECKING:
    from http_api.call import Call
    from store.sessions import Grant

__all__ = ["ENDPOINTS"]

_CLOSED: Final = {
    "closed": "Registration is closed here; ask the operator for an account.",
    "invite": "Registration needs a valid invitation here; ask a member for one.",
}


async def _register(call: Call) -> Response:
    services = call.services
    mode = services.settings.registration
    if mode == "closed":
        raise Forbidden(_CLOSED[mode], code="registration_closed")
    body = await call.body(RegisterBody)
    invited = body.invite is not None and await services.invites.opens(body.invite)
    if mode == "invite" and not invited:
        raise Forbidden(_CLOSED[mode], code="registration_closed")
    account = await services.identity.accounts.register(
        body.username, body.password, email=body.email, display_name=body.display_name or ""
    )
    if invited:
        # In a transaction of its own: if the invitation ended this very moment, there is an account
        # without that list, and accepting it again says so.
        with suppress(NotFound, Conflict):
            command = InviteAccept(token=str(body.invite))
            await services.replica.submit(Actor(account.id, account.username), command)
    return reply(account_json(account), status=201)


async def _token(call: Call) -> Response:
    return await _log_in(call, await call.form(TokenForm))


async def _login(call: Call) -> Response:
    return await _log_in(call, await call.body(LoginBody))


async def _log_in(call: Call, proof: LoginBody) -> Response:
    in_cookie = call.query(RefreshQuery).refresh == "cookie"
    identity = call.services.identity
    with identity.limits.attempt(proof.username, call.address):
        grant = await identity.accounts.authenticate(proof.username, proof.password, _device(call))
    call.services.replica.announce(grant.entries)
    return _granted(call, grant, in_cookie=in_cookie)


async def _refresh(call: Call) -> Response:
    body = await call.body(RefreshBody)
    kept = None if body.refresh_token is not None else read_cookie(call.request)
    in_cookie = call.query(RefreshQuery).refresh == "cookie" or kept is not None
    token = body.refresh_token or kept
    try:
        grant = await call.services.identity.sessions.rotate(token or "")
    except Unauthenticated as refusal:
        if isinstance(refusal, FamilyRevoked):
            call.services.replica.announce(refusal.entries)
        response = problem_response(refusal, call.request_id)
        if kept is not None:
            clear_cookie(call.request, response)
        return response
    return _granted(call, grant, in_cookie=in_cookie)


async def _logout(call: Call) -> Response:
    body = await call.body(LogoutBody)
    services = call.services
    token = body.refresh_token or read_cookie(call.request)
    try:
        actor = authenticated(call.request, services).actor
    except Unauthenticated:
        # The page may come back after its access token expired; its cookie still says who it is.
        if token is None:
            raise
    else:
        assert actor.session is not None  # noqa: S101 - authenticated refuses tokens without one
        with suppress(NotFound):  # ended meanwhile, which is what was asked for
            services.replica.announce(
                await services.identity.sessions.revoke(actor.id, actor.session)
            )
    if token is not None:
        services.replica.announce(await services.identity.sessions.revoke_by_token(token))
    response = Response(status_code=204)
    clear_cookie(call.request, response)
    return response


def _granted(call: Call, grant: Grant, *, in_cookie: bool) -> Response:
    tokens = call.services.identity.tokens
    answer: dict[str, Any] = {"access_token": tokens.issue(grant.actor)}
    if not in_cookie:
        answer["refresh_token"] = grant.refresh_token
    response = reply({**answer, "token_type": "bearer", "expires_in": tokens.ttl_s})
    if in_cookie:
        max_age_s = call.services.settings.refresh_ttl_s
        put_cookie(call.request, response, grant.refresh_token, max_age_s)
    return response


def _device(call: Call) -> str:
    """Name the device by what the client calls itself; only for its owner's eyes."""
    agent = call.request.headers.get("user-agent", "")
    return "".join(filter(str.isprintable, agent))[:200]


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path=f"{API}/auth/register",
        tag="Accounts",
        summary="Make an account",
        description="It begins with one list of its own, the Inbox. An e-mail address need not be "
        "unique, and nothing tells whether one is known. With the token of a valid invitation as "
        "`invite` it joins that list, too; where registration is by invitation it must have one. "
        "Operation ids belong to accounts, so there is none here: log in to find out whether an "
        "answer was lost.",
        handler=_register,
        body=RegisterBody,
        answers={201: Answer("The account", AccountAnswer)},
        refusals=(403, 409, 422, 503),
        public=True,
    ),
    Endpoint(
        method="POST",
        path=f"{API}/auth/token",
        tag="Accounts",
        summary="Log in with a form: the OAuth2 password grant",
        handler=_token,
        body=TokenForm,
        body_type="application/x-www-form-urlencoded",
        query=RefreshQuery,
        answers={200: Answer("A session's tokens", TokensAnswer)},
        refusals=(401, 422, 429, 503),
        public=True,
    ),
    Endpoint(
        method="POST",
        path=f"{API}/auth/login",
        tag="Accounts",
        summary="Log in",
        description="A wrong password and a name that nobody has answer alike.",
        handler=_login,
        body=LoginBody,
        query=RefreshQuery,
        answers={200: Answer("A session's tokens", TokensAnswer)},
        refusals=(401, 422, 429, 503),
        public=True,
    ),
    Endpoint(
        method="POST",
        path=f"{API}/auth/refresh",
        tag="Accounts",
        summary="Trade the refresh token for new tokens",
        description="A refresh token works once. The one before the newest gives the same newest "
        "again for 10 s while that is unused, so a lost answer may be asked for again; any older "
        "one ends the session.",
        handler=_refresh,
        body=RefreshBody,
        query=RefreshQuery,
        answers={200: Answer("The session's next tokens", TokensAnswer)},
        refusals=(401, 422, 503),
        public=True,
    ),
    Endpoint(
        method="POST",
        path=f"{API}/auth/logout",
        tag="Accounts",
        summary="End this session",
        description="Its tokens and sockets end everywhere. The session is named by the access "
        "token, or by the refresh token (body or cookie) when that has expired.",
        handler=_logout,
        body=LogoutBody,
        answers={204: Answer("It has ended")},
        refusals=(401, 422, 503),
        public=True,
    ),
)
