"""Resume a subscription from far back and check every entry as it comes (in the load process)."""

from __future__ import annotations

import asyncio
import time

from bench.client_socket import SocketClient

__all__ = ["resume_together"]

_WITHIN_S = 60.0
_OFFSET = b'"offset":'


class _Resuming:
    """Follow one subscription's entries; ``done`` gives the seconds it took."""

    def __init__(self, head: int, back: int, begin: float) -> None:
        self._expected = head - back + 1
        self._head = head
        self._begin = begin
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def take(self, message: bytes) -> None:
        """Check a push, or the publications inside a subscribe reply."""
        if message.startswith(b'{"push":{"channel":"list:'):
            self._check(message)
        elif b'"subscribe":' in message and not self.done.done():
            if b'"recovered":true' not in message:
                self.done.set_exception(AssertionError(message[:300].decode()))
            for publication in message.split(b'{"data":')[1:]:
                self._check(publication)

    def _check(self, publication: bytes) -> None:
        # The publication's own offset is its last field: {"data":{...},"offset":N}
        at = publication.rindex(_OFFSET) + len(_OFFSET)
        offset = int(publication[at : publication.index(b"}", at)])
        if self.done.done():
            return
        if offset != self._expected:
            self.done.set_exception(AssertionError(f"{offset} instead of {self._expected}"))
        elif offset == self._head:
            self.done.set_result(time.perf_counter() - self._begin)
        self._expected += 1


async def resume_together(
    url: str, token: str, list_id: str, epoch: str, head: int, *, back: int, count: int
) -> list[float]:
    """Open ``count`` sockets at once, each to resume from ``head - back``.

    Gives the seconds each took, from opening its connection to having the entry ``head``. Raises
    AssertionError when an entry is missing, doubled or out of order, TimeoutError after 60 s.
    """

    async def resume() -> float:
        state = _Resuming(head, back, time.perf_counter())
        client = await SocketClient.open(url, token)
        client.on_message = state.take
        reply = client.send(
            b'{"subscribe":{"channel":"list:%b","recover":true,"epoch":"%b","offset":%d}}'
            % (list_id.encode(), epoch.encode(), head - back)
        )
        # The callback of a future runs a turn of the loop later; pushes may come before. So the
        # reply is taken by the same function as they are.
        reply.cancel()
        try:
            return await state.done
        finally:
            client.close()

    async with asyncio.timeout(_WITHIN_S):
        return list(await asyncio.gather(*(resume() for _ in range(count))))
