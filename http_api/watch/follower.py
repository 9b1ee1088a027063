"""The socket half of watching, through the official SDK: subscribe, resume, presence, refresh."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import centrifuge
import httpx

from http_api.watch.account import Account, Gone, LoggedOut
from http_api.watch.board import Board, Line, OutOfOrder
from http_api.watch.view import View
from http_api.watch.words import clean, message_of
from store.entry import Position

__all__ = ["Follower"]

NO_LONGER = "you are no longer a member of this list, or it was deleted."
OVER = "the session is over; start `lockstep watch` again to log in anew."

# Codes of the client protocol.
_CALLED = 0
_UNAUTHORIZED = (1, 3500)
_GET_STATE_FAILED = 15
_NOT_ALLOWED = (103, 2000)


class Follower(centrifuge.SubscriptionEventHandler):  # type: ignore[misc]
    """Keep ``board`` in step with the list ``list_id`` and tell ``view`` of every change.

    The SDK reconnects, resubscribes from the last offset it delivered, and asks ``_load`` for the
    state when there is no position to resume from. ``seen`` is where an earlier watch ended.
    ``over(reason)`` is called when following cannot go on; ``moved()`` after every shown entry.
    """

    def __init__(
        self,
        account: Account,
        list_id: str,
        board: Board,
        view: View,
        *,
        seen: Position | None,
        over: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        self._account = account
        self._list_id = list_id
        self._board = board
        self._view = view
        self._seen = seen
        self._over = over
        self._moved = moved
        self._loaded = False
        self._reported = False
        self._tasks: set[asyncio.Task[None]] = set()
        # What the SDK logs reaches the watcher as events; its log would tear the screen.
        logging.getLogger("centrifuge").addHandler(logging.NullHandler())
        logging.getLogger("centrifuge").propagate = False
        self._client = centrifuge.Client(
            account.server.replace("http", "ws", 1) + "/connection/websocket",
            events=_ConnectionEvents(self),
            token=account.access_token,
            get_token=self._token if account.renewable else None,
            name="lockstep-watch",
            max_reconnect_delay=5.0,  # somebody is looking; the SDK's own is 20 s
            proxy=None,
        )
        self._subscription = self._client.new_subscription(
            f"list:{list_id}", events=self, join_leave=True, get_state=self._load
        )

    async def start(self) -> None:
        """Connect and subscribe; returns at once, the SDK goes on by itself."""
        await self._subscription.subscribe()
        await self._client.connect()

    async def stop(self) -> None:
        """Disconnect; nothing is delivered afterwards."""
        await self._client.disconnect()
        for task in self._tasks:
            task.cancel()

    async def _token(self) -> str:
        """Get a fresh token for the SDK, which asks shortly before the old one expires."""
        try:
            return await self._account.refresh()
        except LoggedOut as error:
            raise centrifuge.UnauthorizedError from error

    async def _load(self, _channel: str) -> centrifuge.StreamPosition:
        """Load the list and say from which position the SDK should subscribe."""
        board = self._board
        board.load(*await self._account.load(self._list_id))
        missed = board.rewind(self._seen) if self._seen is not None else 0
        self._seen = None
        if not self._loaded:
            self._loaded = True
            self._view.start()
        else:
            self.news("the changes in between are no longer kept; this is the list as it is now")
            self._view.reloaded()
        if missed:
            self.news(f"{missed} change{'s' if missed > 1 else ''} while you were away:")
        return centrifuge.StreamPosition(offset=board.shown, epoch=board.epoch)

    async def on_subscribing(self, ctx: centrifuge.SubscribingContext) -> None:
        """Show that changes may be missing for the moment."""
        self._board.live = False
        self._view.changed()

    async def on_subscribed(self, ctx: centrifuge.SubscribedContext) -> None:
        """Show that the list is live; publications that were missed follow."""
        board = self._board
        board.live = True
        board.status = "reconnecting"  # what went wrong before is over
        if self._reported:
            self._reported = False
            self.news(f"connected again, resuming after offset {board.shown}")
        self._moved()
        self._view.changed()
        # In a task: the answer comes only after this handler has returned.
        self._spawn(self._ask_who_is_here())

    async def on_publication(self, ctx: centrifuge.PublicationContext) -> None:
        """Fold the entry and show it."""
        try:
            line = self._board.take(ctx.pub.data, ctx.pub.offset)
        except OutOfOrder:
            self._spawn(self._load_again())
            return
        if line is not None:
            self._view.line(line)
            self._moved()

    async def on_join(self, ctx: centrifuge.JoinContext) -> None:
        """Show who came."""
        name = _username(ctx.info)
        if self._board.join(ctx.info.client, name) and name != self._board.username:
            self.news(f"{clean(name, 32)} is here")
        self._view.changed()

    async def on_leave(self, ctx: centrifuge.LeaveContext) -> None:
        """Show who left."""
        name = _username(ctx.info)
        if self._board.leave(ctx.info.client) and name != self._board.username:
            self.news(f"{clean(name, 32)} left")
        self._view.changed()

    async def on_unsubscribed(self, ctx: centrifuge.UnsubscribedContext) -> None:
        """End when the server says that this list is not for us (any more)."""
        if ctx.code in _NOT_ALLOWED:
            self._over(NO_LONGER)
        elif ctx.code >= 100:
            self._over(f"the server refused the list: {clean(ctx.reason)} ({ctx.code}).")

    async def on_error(self, ctx: centrifuge.SubscriptionErrorContext) -> None:
        """End when the list is gone; anything else the SDK tries again."""
        if ctx.code == _GET_STATE_FAILED and isinstance(ctx.error, Gone):
            self._over(NO_LONGER)
        elif ctx.code == _GET_STATE_FAILED and isinstance(ctx.error, LoggedOut):
            self._over(OVER)
        else:
            self.trouble(ctx.error)

    def news(self, text: str) -> None:
        """Show something about the connection or the people here."""
        self._view.line(self._board.say(Line(text)))

    def lost(self, reason: str) -> None:
        """Show that the connection is gone; the SDK is at work already."""
        self._board.live = False
        self._board.status = "reconnecting"
        self._board.set_here({})
        self._reported = True
        self.news(f"connection lost ({clean(reason)}), reconnecting")

    def trouble(self, error: Exception) -> None:
        """Show why connecting does not work, once an outage."""
        text = clean(error) or type(error).__name__
        self._board.status = f"trying again: {text}"
        if not self._reported:
            self._reported = True
            self.news(f"cannot follow yet, trying again ({text})")
        self._view.changed()

    def ended(self, code: int, reason: str) -> None:
        """Pass on that the server, or the SDK, ended the connection for good."""
        if code in _UNAUTHORIZED:
            self._over(OVER)
        elif code != _CALLED:
            self._over(f"the server ended the connection: {clean(reason)} ({code}).")

    def inbox(self, entry: Any) -> None:
        """Show a personal message or a broadcast."""
        said = message_of(entry)
        if said is not None:
            self.news(said)

    async def _ask_who_is_here(self) -> None:
        try:
            result = await self._subscription.presence()
        except centrifuge.CentrifugeError:
            return  # the next subscribe asks again
        self._board.set_here({one.client: _username(one) for one in result.clients.values()})
        self._view.changed()

    async def _load_again(self) -> None:
        """Load the state again after an entry that did not fit; the SDK's position stays."""
        try:
            self._board.load(*await self._account.load(self._list_id))
            self._view.reloaded()
        except (httpx.HTTPError, Gone, LoggedOut) as error:
            self.trouble(error)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _ConnectionEvents(centrifuge.ClientEventHandler):  # type: ignore[misc]
    """Pass the connection's events on to the follower."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    async def on_connecting(self, ctx: centrifuge.ConnectingContext) -> None:
        if ctx.code != _CALLED:
            self._follower.lost(ctx.reason)

    async def on_disconnected(self, ctx: centrifuge.DisconnectedContext) -> None:
        self._follower.ended(ctx.code, ctx.reason)

    async def on_error(self, ctx: centrifuge.ErrorContext) -> None:
        self._follower.trouble(ctx.error)

    async def on_publication(self, ctx: centrifuge.ServerPublicationContext) -> None:
        self._follower.inbox(ctx.pub.data)


def _username(info: centrifuge.ClientInfo) -> str:
    """Give the name of a connection's user; its id when the server sends no name."""
    about = info.conn_info
    return str(about["username"]) if isinstance(about, dict) and "username" in about else info.user
