"""The HTTP half of watching: log in, refresh, find the list, load its snapshot, log out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx

from http_api.version import version

__all__ = ["Account", "CannotWatch", "Gone", "LoggedOut"]


class CannotWatch(Exception):
    """Say in a sentence why watching cannot begin or go on, and what to do."""


class LoggedOut(Exception):
    """Say that the session is over: only logging in again helps."""


class Gone(Exception):
    """Say that the list does not exist (any more), or not for this user."""


class Account:
    """Speak HTTP for one user of the server at ``server`` (its base URL).

    Holds the tokens; one refresh runs at a time. Call ``aclose`` at the end.
    """

    def __init__(self, server: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.server = server.rstrip("/")
        # trust_env off: what is asked for on the command line decides, not the environment.
        self._http = httpx.AsyncClient(
            base_url=f"{self.server}/api/v1",
            headers={
                "User-Agent": f"lockstep-watch/{version()}"
            },  # names the device in /me/sessions
            timeout=10,
            transport=transport,
            trust_env=False,
        )
        self._access = ""
        self._refresh: str | None = None
        self._owned = False
        self._refreshing = asyncio.Lock()
        self.username = ""

    @property
    def renewable(self) -> bool:
        """Tell whether the access token can be refreshed when it expires."""
        return self._refresh is not None

    @property
    def access_token(self) -> str:
        """The current access token; it may have expired."""
        return self._access

    async def log_in(self, username: str, password: str) -> None:
        """Start a session of our own; raises CannotWatch when refused or unreachable."""
        answer = await self._first_contact(
            "POST", "/auth/login", json={"username": username, "password": password}
        )
        if answer.status_code != 200:
            raise CannotWatch(f"logging in as {username} failed: {_reason(answer)}")
        self._take(answer.json())
        self._owned = True
        self.username = username

    async def use_token(self, text: str) -> None:
        """Use a token made elsewhere: an access token, or the JSON answer of ``/auth/token``.

        The JSON also has the refresh token, so watching goes on past the access token's end.
        """
        text = text.strip()
        if text.startswith("{"):
            try:
                self._take(json.loads(text))
            except (ValueError, KeyError) as error:
                raise CannotWatch("standard input is not the answer of /auth/token.") from error
        else:
            self._access = text
        answer = await self._first_contact("GET", "/me", headers=self._authorized())
        if answer.status_code != 200:
            raise CannotWatch(f"the token was refused: {_reason(answer)}")
        self.username = answer.json()["username"]

    async def refresh(self) -> str:
        """Get a new access token; raises LoggedOut when the session is over."""
        async with self._refreshing:
            if self._refresh is None:
                raise LoggedOut
            answer = await self._http.post("/auth/refresh", json={"refresh_token": self._refresh})
            if answer.status_code in {400, 401, 403}:
                raise LoggedOut
            answer.raise_for_status()
            self._take(answer.json())
            return self._access

    async def find_list(self, wanted: str) -> str:
        """Give the id of the list that ``wanted`` names: its id, or a title that only one has.

        An exact title comes before one that differs in case. Raises CannotWatch with what there is.
        """
        try:
            lists = (await self._get("/lists"))["lists"]
        except (httpx.HTTPError, Gone, LoggedOut) as error:
            raise CannotWatch(f"{self.server} does not show its lists ({error!r}).") from error
        with_id = [one for one in lists if one["id"] == _canonical(wanted)]
        exact = [one for one in lists if one["title"] == wanted]
        alike = [one for one in lists if one["title"].casefold() == wanted.casefold()]
        matches = with_id or exact or alike
        if len(matches) == 1:
            return str(matches[0]["id"])
        if matches:
            ids = "\n".join(f"  {one['id']}  {one['open']} open" for one in matches)
            raise CannotWatch(
                f"{len(matches)} lists are called {wanted!r}; name one by its id:\n{ids}"
            )
        titles = "\n".join(f"  {one['id']}  {one['title']!r}" for one in lists[:20]) or "  none"
        raise CannotWatch(f"no list is called {wanted!r}. {self.username} has:\n{titles}")

    async def load(self, list_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Load a list's snapshot and its deleted todos, both as of the same offset.

        Raises Gone when there is no such list for this user, httpx.HTTPError when the server
        cannot be reached or is busy.
        """
        tries = 5
        while True:
            trash = await self._get(f"/lists/{list_id}/trash")
            snapshot = await self._get(f"/lists/{list_id}")
            tries -= 1
            if trash["offset"] == snapshot["offset"] or not tries:
                break
        # On a list that changes faster than it can be read twice, a todo may be in both: it lives.
        live = {todo["id"] for todo in snapshot["todos"]}
        return snapshot, [todo for todo in trash["todos"] if todo["id"] not in live]

    async def aclose(self) -> None:
        """End the session if we began it, and close the connections; never raises."""
        try:
            if self._owned:
                async with asyncio.timeout(2):
                    await self._http.post("/auth/logout", headers=self._authorized())
        except (httpx.HTTPError, TimeoutError):
            pass
        finally:
            await self._http.aclose()

    async def _get(self, path: str) -> dict[str, Any]:
        """Read JSON; an expired access token is refreshed once."""
        answer = await self._http.get(path, headers=self._authorized())
        if answer.status_code == 401 and self.renewable:
            await self.refresh()
            answer = await self._http.get(path, headers=self._authorized())
        if answer.status_code == 401:
            raise LoggedOut
        if answer.status_code == 404:
            raise Gone
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def _first_contact(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request whose failure ends the command with a sentence."""
        try:
            return await self._http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotWatch(
                f"no Lockstep answers at {self.server} ({str(error) or type(error).__name__}). "
                "Start one with `lockstep serve`, or name its address with --server."
            ) from error

    def _authorized(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._access}"}

    def _take(self, tokens: Mapping[str, Any]) -> None:
        self._access = tokens["access_token"]
        self._refresh = tokens.get("refresh_token", self._refresh)


def _reason(answer: httpx.Response) -> str:
    """Give the sentence of a problem document, else the status."""
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, AttributeError):
        return f"the server answered {answer.status_code}."


def _canonical(text: str) -> str:
    """Spell an id as the server does; any other text stays as it is."""
    try:
        return str(UUID(text))
    except ValueError:
        return text
