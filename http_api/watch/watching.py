"""Put the parts of a watch together and run it until it is over."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from http_api.watch.account import Account, CannotWatch
from http_api.watch.board import Board
from http_api.watch.follower import Follower
from http_api.watch.lines import PlainView
from http_api.watch.positions import SeenPositions
from http_api.watch.screen import Screen
from http_api.watch.view import View

__all__ = ["watching"]


async def watching(
    server: str,
    wanted: str,
    log_in: Callable[[Account], Awaitable[None]],
    *,
    plain: bool,
    seen: SeenPositions | None,
) -> None:
    """Follow the list ``wanted`` until SIGINT, SIGTERM, or until nobody reads the output.

    ``seen`` None: remember nothing. Raises CannotWatch when it cannot begin, or when the server
    ends it.
    """
    account = Account(server)
    loop = asyncio.get_running_loop()
    over: asyncio.Future[str | None] = loop.create_future()

    def end(reason: str | None = None) -> None:
        if not over.done():
            over.set_result(reason)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        await log_in(account)
        list_id = await account.find_list(wanted)
        key = f"{account.server} {account.username} {list_id}"
        board = Board(account.username)
        view = _view(board, plain=plain, on_closed=end)
        follower = Follower(
            account,
            list_id,
            board,
            view,
            seen=seen.get(key) if seen else None,
            over=end,
            # After the line was shown: a crash in between shows it twice, never not at all.
            moved=lambda: seen.put(key, board.position) if seen else None,
        )
        try:
            await follower.start()
            reason = await over
        finally:
            await follower.stop()
            view.stop()
        if reason is not None:
            raise CannotWatch(reason)
    finally:
        await account.aclose()


def _view(board: Board, *, plain: bool, on_closed: Callable[[], None]) -> View:
    """Choose how to show the board."""
    if plain:
        return PlainView(board, sys.stdout, on_closed)
    return Screen(board)
