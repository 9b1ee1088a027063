"""Know who is here: the connections that follow one list, on every replica."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["ClientInfo", "Diff", "Presence"]


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Describe one connection as others see it."""

    client: str
    user: str
    username: str


@dataclass(frozen=True, slots=True)
class Diff:
    """Hold who came and who went by one change."""

    joined: tuple[ClientInfo, ...] = ()
    left: tuple[ClientInfo, ...] = ()


@dataclass(slots=True)
class _Remote:
    """Hold what another replica said last."""

    version: int
    until: float
    clients: dict[str, ClientInfo] = field(default_factory=dict)


_NO_CHANGE = Diff()


class Presence:
    """Hold the connections of one list by (replica, client), and say what each change changed.

    Every replica speaks only of its own connections, with a ``version`` that grows with each change
    of them. Its joins and leaves may arrive twice, late or never; its digest (all of its
    connections) settles what they left open, and a replica that is silent for ``lease_s`` is
    forgotten. Nothing older than what was seen last from a replica counts.
    """

    __slots__ = ("_came", "_lease_s", "_local", "_remotes", "_went", "version")

    def __init__(self, lease_s: float = 10.0) -> None:
        self._lease_s = lease_s
        self._local: dict[str, ClientInfo] = {}
        self._remotes: dict[str, _Remote] = {}
        self._came: dict[str, ClientInfo] = {}
        self._went: dict[str, ClientInfo] = {}
        self.version = 0

    def join(self, info: ClientInfo) -> Diff:
        """Add a connection of this replica."""
        if info.client in self._local:
            return _NO_CHANGE
        self._local[info.client] = info
        if self._went.pop(info.client, None) is None:  # else nobody was told that it had gone
            self._came[info.client] = info
        self.version += 1
        return Diff(joined=(info,))

    def leave(self, client: str) -> Diff:
        """Remove a connection of this replica; one that is not here changes nothing."""
        info = self._local.pop(client, None)
        if info is None:
            return _NO_CHANGE
        if self._came.pop(client, None) is None:  # else nobody was told that it had come
            self._went[client] = info
        self.version += 1
        return Diff(left=(info,))

    def untold(self) -> Diff:
        """Give what changed here since this was last asked: what other replicas must be told."""
        diff = Diff(tuple(self._came.values()), tuple(self._went.values()))
        self._came.clear()
        self._went.clear()
        return diff

    def remote_change(
        self,
        replica: str,
        version: int,
        joined: Iterable[ClientInfo],
        left: Iterable[ClientInfo],
        now: float,
    ) -> Diff:
        """Take another replica's word that connections came and went."""
        remote = self._newer(replica, version, now)
        if remote is None:
            return _NO_CHANGE
        came = tuple(info for info in joined if info.client not in remote.clients)
        remote.clients.update((info.client, info) for info in came)
        went = tuple(info for info in left if remote.clients.pop(info.client, None) is not None)
        return Diff(came, went)

    def digest(self, replica: str, version: int, infos: Iterable[ClientInfo], now: float) -> Diff:
        """Take all of another replica's connections; this renews the lease, changed or not."""
        remote = self._remotes.get(replica)
        if remote is not None and version < remote.version:
            return _NO_CHANGE
        clients = {info.client: info for info in infos}
        before: Mapping[str, ClientInfo] = {} if remote is None else remote.clients
        if clients:
            self._remotes[replica] = _Remote(version, now + self._lease_s, clients)
        elif remote is not None:
            # Kept, empty, until the lease is over: a join that was overtaken must stay dropped.
            self._remotes[replica] = _Remote(version, now + self._lease_s)
        return Diff(
            tuple(info for client, info in clients.items() if client not in before),
            tuple(info for client, info in before.items() if client not in clients),
        )

    def expire(self, now: float) -> Diff:
        """Forget the replicas whose lease is over."""
        over = [replica for replica, remote in self._remotes.items() if remote.until <= now]
        left = [info for replica in over for info in self._remotes.pop(replica).clients.values()]
        return Diff(left=tuple(left)) if left else _NO_CHANGE

    @property
    def local(self) -> Collection[ClientInfo]:
        """Give this replica's own connections: its digest."""
        return self._local.values()

    def __iter__(self) -> Iterator[ClientInfo]:
        yield from self._local.values()
        for remote in self._remotes.values():
            yield from remote.clients.values()

    @property
    def num_clients(self) -> int:
        """Count connections."""
        return sum(1 for _ in self)

    @property
    def num_users(self) -> int:
        """Count people: one with three devices is one."""
        return len({info.user for info in self})

    def _newer(self, replica: str, version: int, now: float) -> _Remote | None:
        """Give the replica's state when ``version`` is news; note it."""
        remote = self._remotes.get(replica)
        if remote is None:
            remote = self._remotes[replica] = _Remote(version, now + self._lease_s)
            return remote
        if version <= remote.version:
            return None
        remote.version = version
        return remote
