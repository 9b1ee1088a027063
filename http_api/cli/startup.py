"""Keep the reason of a start that failed, so that it can be said in a sentence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from http_api.cli.failure import REFUSAL
from http_api.parts import StartError
from http_api.settings import SettingsError
from store.errors import LockstepError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SpokenStart"]


class SpokenStart:
    """Pass everything on to ``app``; a start it refuses leaves its sentence in the lifespan state.

    Without this the server would log the stack trace of a refusal that we made on purpose, or of a
    start that a signal ended. Anything else that goes wrong keeps its stack trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the lifespan."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold_failure(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                held.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, hold_failure)
        except BaseException as error:
            sentence = _sentence(error)
            if sentence is not None:
                scope["state"][REFUSAL] = sentence
            quiet = sentence is not None or isinstance(error, asyncio.CancelledError)
            for message in held:
                await send({"type": message["type"]} if quiet else message)
            raise


def _sentence(error: BaseException) -> str | None:
    """Give the sentence of a refusal made on purpose; None for a mistake of ours."""
    if isinstance(error, StartError | SettingsError):
        return str(error)
    if isinstance(error, LockstepError):
        return error.detail or error.code
    return None
