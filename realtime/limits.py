"""Hold every bound of a replica's real-time side as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what sockets, logs and the bus may cost.

    Names carry their unit: ``_s`` seconds, ``_bytes`` bytes, no suffix a count. The defaults are
    the contract's; tests shorten them.
    """

    # One message from a client; before connect less, because nobody is known yet.
    frame_bytes: int = 256 * _KIB
    first_frame_bytes: int = 64 * _KIB
    # Commands of one connection that wait their turn. The JavaScript SDK sends connect and all its
    # subscribes (at most ``subscriptions``) in the first frame.
    backlog_commands: int = 512
    backlog_bytes: int = 512 * _KIB
    subscriptions: int = 128

    connect_s: float = 10.0  # from the upgrade to an authenticated connection
    ping_s: float = 25.0
    pong_s: float = 10.0
    answer_s: float = 4.0  # connect and subscribe; SDKs give up at 5
    expiry_grace_s: float = 25.0  # after the token expired, before the connection is closed

    # What one reply or one page of a catch-up carries.
    page_entries: int = 500
    page_bytes: int = 64 * _KIB
    history_bytes: int = 64 * _KIB  # one reply must fit beside a full outbox in 256 KiB
    signal_detail_bytes: int = 512

    # Bytes waiting for one socket.
    outbox_entries: int = 256
    outbox_bytes: int = 128 * _KIB
    stuck_s: float = 10.0
    close_s: float = 5.0  # from deciding to close to giving up on the peer

    # One log on this replica.
    buffered: int = 256  # live publications one subscription keeps while it catches up
    held: int = 1_000  # publications kept ahead of a gap; a larger jump is looked up first
    repair_entries: int = 1_000
    repair_bytes: int = 256 * _KIB
    reads: int = 256  # log reads at once; those of one moment share a round trip
    read_wait_s: float = 2.0  # a read that waits longer for its turn is refused as temporary
    recent_bytes: int = 64 * 1024 * _KIB  # entries kept at hand for resumes, all logs together
    idle_feed_s: float = 5.0  # a log nobody follows any more is kept this long

    late_s: float = 2.0  # lag of the event loop beyond which no socket is let in

    poll_s: float = 1.0  # head poll
    poll_degraded_s: float = 0.25  # the same, while it is all that tells of changes
    bus_wait_s: float = 0.1  # the longest anything a request does may wait for the bus
    presence_gather_s: float = 0.05  # other replicas are told of who comes and goes this often
    presence_digest_s: float = 3.0
    presence_lease_s: float = 10.0

    # The longest life of an access token and the leeway of its check: revocations are kept that
    # long.
    token_life_s: float = 1_800.0 + 60.0

    drain_share: float = 0.05  # of the sockets, each ``drain_every_s``
    drain_every_s: float = 0.25
    drain_commits_s: float = 10.0  # for writes under way at the stop
