"""Be one server process: own the hub, the bus, the live connections and every task."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from secrets import token_hex
from typing import Protocol
from uuid import UUID

import structlog

from realtime import codes
from realtime.access import Access
from realtime.bus import Bus, BusMessage, BusState, Grown
from realtime.clock import Clock, SystemClock
from realtime.connection import Connection
from realtime.context import Context
from realtime.counts import Counts
from realtime.credentials import Credentials
from realtime.deadlines import Deadlines
from realtime.emulation import Emulation
from realtime.encoding import Address, Encoding
from realtime.encoding_json import JSON
from realtime.growth import Growth, Heads
from realtime.hub import Hub
from realtime.lag import Lag
from realtime.limits import Limits
from realtime.reads import LogSource
from realtime.submit import Committer, Submit
from realtime.subprotocol import choose
from realtime.tasks import Tasks
from realtime.transport import SocketTransport
from realtime.transport_asgi import AsgiTransport, Receive, Scope, Send, refuse
from realtime.transport_stream import StreamTransport
from realtime.turn import Turn
from store.actor import Actor
from store.committed import Committed
from store.entry import Entry, Position
from store.errors import LockstepError
from store.log_id import LogId
from store.todo.commands import Command

__all__ = ["Replica"]

_log = structlog.get_logger("lockstep.realtime")

_TICK_S = 0.25
_FRESH_S = 10.0  # without a look at the heads for this long, the replica is not ready


class RealtimeStore(LogSource, Committer, Protocol):
    """Be what a replica needs of the store."""


class Replica:
    """Serve sockets and writes in one process, beside any number of other replicas.

    ``authenticate`` turns an access token into credentials, without I/O; it raises ``TokenExpired``
    or ``TokenInvalid``. ``origins``: the only ones a page may connect from; None leaves the check
    to the caller. A missing Origin is a native client and fine. ``grown`` is told which lists have
    grown, here or on other replicas; it must not wait, and nothing rests on its hearing of all.
    """

    def __init__(
        self,
        store: RealtimeStore,
        bus: Bus,
        authenticate: Callable[[str], Credentials],
        limits: Limits | None = None,
        *,
        clock: Clock | None = None,
        new_id: Callable[[], str] = lambda: token_hex(16),
        origins: Collection[str] | None = None,
        grown: Callable[[Heads], None] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.id = new_id()
        self.connections: dict[Connection, None] = {}
        self.counts = Counts()
        self._store = store
        self._bus = bus
        self._clock = clock or SystemClock()
        self._new_id = new_id
        self._origins = None if origins is None else frozenset(origins)
        self._loops = Tasks()  # for as long as the replica runs
        self._tasks = Tasks()  # commands, reads, sockets
        self._commits = Tasks()  # writes: finished, not cancelled, at the stop
        self.hub = Hub(store, bus, self._clock, self.limits, self._tasks, self.counts)
        self._grown = grown
        self._growth = Growth(bus, grown)
        self._submit = Submit(store, self._offer, bus, self._commits)
        self._emulation = Emulation(self.id, bus)
        self._access = Access(self.limits.token_life_s)
        self._polled_at = -math.inf
        self._serving = False
        self._turn: Turn | None = None
        self._lag = Lag(self._clock.monotonic(), _TICK_S)
        self._deadlines: Deadlines[Connection] = Deadlines(self._clock.monotonic(), _TICK_S)
        self._context = Context(
            hub=self.hub,
            submit=self._submit,
            authenticate=authenticate,
            is_revoked=self._access.is_revoked,
            in_touch=lambda: self.in_touch,
            clock=self._clock,
            limits=self.limits,
            tasks=self._tasks,
            deadlines=self._deadlines,
            counts=self.counts,
            log=_log.bind(),
            register=self._access.admit,
            unregister=self._unregister,
        )

    # --- life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Follow what every replica follows, learn of ended sessions, begin to serve.

        Raises what the store raises.
        """
        await self._bus.start(self.id, self._receive, self._restored, self._emulation.receive)
        if self._grown is not None:
            await self._bus.subscribe(LogId.LISTS)
        control = await self.hub.attach(LogId.CONTROL)
        control.listeners += (self._access.heed,)
        everyone = await self.hub.attach(LogId.ALL)
        everyone.pins += 1
        # Followed first, then read: a session that ends in between is met twice, never missed.
        await self._poll()
        await self._access.recall(self._store, self._clock.now())
        self._serving = True
        self._lag.look(self._clock.monotonic())
        self._lag.value_s = 0.0
        self._loops.spawn(self._every(lambda: _TICK_S, self._tick))
        self._loops.spawn(self._every(self._until_poll, self._poll))
        self._loops.spawn(self._every(lambda: self.limits.presence_digest_s, self._share_presence))

    async def drain(self) -> None:
        """Refuse new sockets and send the others away in batches; requests are served as before.

        May be called again.
        """
        self._serving = False
        batch = max(1, math.ceil(len(self.connections) * self.limits.drain_share))
        while self.connections:
            for connection in list(self.connections)[:batch]:
                connection.close(codes.SHUTDOWN)
                self.connections.pop(connection, None)
            if self.connections:
                await self._clock.sleep(self.limits.drain_every_s)
        await self._tasks.finish(0.5)  # close frames on their way

    async def stop(self) -> None:
        """Drain, finish the writes, end every task; nothing may be submitted any more.

        May be called again.
        """
        await self.drain()
        await self._commits.finish(self.limits.drain_commits_s)
        await self._loops.cancel()
        await self._commits.cancel()
        await self._tasks.cancel()
        await self.hub.aclose()
        await self._bus.aclose()

    @property
    def serving(self) -> bool:
        """Tell whether new sockets are welcome: started, and not draining."""
        return self._serving

    @property
    def ready(self) -> bool:
        """Tell whether this replica serves, keeps up, and has heard from the database lately."""
        return self._serving and self.in_touch and not self.is_late

    @property
    def is_late(self) -> bool:
        """Tell whether the event loop lags so far behind that nothing more should be begun."""
        return self._lag.value_s > self.limits.late_s

    @property
    def loop_lag_s(self) -> float:
        """Give by how many seconds the event loop was late lately."""
        return self._lag.value_s

    @property
    def poll_lag_s(self) -> float:
        """Give the seconds since the last look at the heads that came to an end began."""
        return self._clock.monotonic() - self._polled_at

    @property
    def in_touch(self) -> bool:
        """Tell whether it has heard from the database within 10 s; no I/O.

        If not, sessions may have ended without its knowing, and nobody's token should count here.
        """
        return self.poll_lag_s < _FRESH_S

    @property
    def bus_state(self) -> BusState:
        """Tell whether other replicas' changes come at once, or with the next look at the heads."""
        return self._bus.state

    # --- writes -----------------------------------------------------------------------------------

    async def submit(
        self,
        actor: Actor,
        command: Command,
        *,
        if_match: Collection[Position] | None = None,
        trace: str | None = None,
    ) -> Committed:
        """Carry out a command; cancelling the caller does not stop it.

        Raises what ``store.commit`` raises.
        """
        return await self._submit(actor, command, if_match=if_match, trace=trace)

    async def submit_all(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out commands of one list, all or none; cancelling the caller does not stop it.

        Raises what ``store.commit_all`` raises.
        """
        return await self._submit.together(actor, commands, trace=trace)

    async def submit_first(
        self, actor: Actor, commands: Sequence[Command], *, trace: str | None = None
    ) -> tuple[Committed, ...]:
        """Carry out the first of the commands, as many as go together; maybe none.

        Raises what ``store.commit_first`` raises.
        """
        return await self._submit.first(actor, commands, trace=trace)

    def announce(self, entries: Iterable[Entry]) -> None:
        """Spread entries that something else committed, such as ended sessions; never raises."""
        self._submit.announce(tuple(entries))

    def _offer(self, entry: Entry) -> None:
        self._growth.note(entry)
        self.hub.offer(entry)

    def _receive(self, log: LogId, replica: str, message: BusMessage) -> None:
        if isinstance(message, Grown):
            if self._grown is not None:
                self._grown(message.heads)
            return
        self.hub.receive(log, replica, message)

    # --- sessions ---------------------------------------------------------------------------------

    def is_revoked(self, session: UUID | None, user: UUID, issued_at: float) -> bool:
        """Tell whether a token's session was ended; no I/O. ``issued_at``: seconds since 1970."""
        return self._access.is_revoked(session, user, issued_at)

    def _unregister(self, connection: Connection) -> None:
        self.connections.pop(connection, None)
        self._access.forget(connection)

    # --- sockets ----------------------------------------------------------------------------------

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI websocket (the endpoint of ``/connection/websocket``)."""
        if not self._serving:
            await refuse(scope, receive, send, 503, "This server is stopping.", retry_after_s=1)
            return
        headers = dict(scope.get("headers", ()))
        if not self._allows(headers.get(b"origin")):
            await refuse(scope, receive, send, 403, "Pages of this origin may not connect.")
            return
        if (await receive())["type"] != "websocket.connect":
            return
        encoding, subprotocol = choose(scope.get("subprotocols", []))
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        transport = AsgiTransport(receive, send, self._tasks)
        connection = Connection(self._context, transport, self._new_id(), encoding)
        self.connections[connection] = None
        await transport.run(connection)

    async def stream(self, scope: Scope, receive: Receive, send: Send, first: bytes) -> None:
        """Serve a connection over the answer to a request, whose body is its first message.

        What the client says further comes to ``emulate``, of any replica.
        """
        transport = StreamTransport(scope, receive, send, self._tasks)
        connection = Connection(self._context, transport, self._new_id(), JSON)
        self.connections[connection] = None
        address = connection.session.address = self._emulation.admit(connection)
        try:
            await transport.run(connection, first)
        finally:
            self._emulation.forget(address)

    def emulate(self, session: str, node: str, commands: bytes) -> bool:
        """Hand one frame of commands to the stream of this address, on whichever replica it is.

        Whether there is one is not told. False: the bus is down, and the frame is lost.
        """
        return self._emulation.send(Address(session, node), commands)

    def adopt(self, transport: asyncio.Transport, sockets: set[object], encoding: Encoding) -> None:
        """Serve the socket on ``transport``, whose handshake was answered: without ASGI or a task.

        ``sockets``: the server's open connections, which it shuts down in the end.
        """
        if self._turn is None:
            self._turn = Turn(asyncio.get_running_loop())
        carrier = SocketTransport(sockets, self._turn, self.limits.frame_bytes, text=encoding.text)
        connection = Connection(self._context, carrier, self._new_id(), encoding)
        self.connections[connection] = None
        carrier.begin(transport, connection)

    def _allows(self, origin: bytes | None) -> bool:
        if self._origins is None or origin is None:
            return True
        return origin.decode("latin-1") in self._origins

    # --- loops ------------------------------------------------------------------------------------

    def _until_poll(self) -> float:
        """Look at the heads more often when the bus does not tell of changes."""
        degraded = self._bus.state is BusState.DEGRADED
        return self.limits.poll_degraded_s if degraded else self.limits.poll_s

    async def _every(self, seconds: Callable[[], float], work: Callable[[], object]) -> None:
        """Do ``work`` for ever; what it raises is logged and does not end the loop."""
        failing = False
        while True:
            await self._clock.sleep(seconds())
            try:
                result = work()
                if hasattr(result, "__await__"):
                    await result
            except LockstepError as error:
                if not failing:
                    _log.warning("database_lost", error=str(error))
                failing = True
            except Exception:  # noqa: BLE001 - the loop is what keeps this replica right
                _log.exception("background_work_failed")
            else:
                if failing:
                    _log.info("database_back")
                failing = False

    def _tick(self) -> None:
        now = self._clock.monotonic()
        self._lag.look(now)
        for connection in self._deadlines.due(now):
            connection.tick()

    async def _poll(self) -> None:
        began = self._clock.monotonic()  # what it then reads is at least as new as this
        await self.hub.repair.poll(self.hub.feeds)
        self._polled_at = max(self._polled_at, began)
        self.hub.sweep(self._clock.monotonic())
        self._access.sweep(self._clock.now())

    async def _share_presence(self) -> None:
        self.hub.share_presence()

    async def _restored(self) -> None:
        """Catch every feed up from the log; then the bus counts again."""
        await self._poll()
