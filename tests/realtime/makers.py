"""Make the values that the tests of pure code work with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from realtime.counts import Counts
from realtime.credentials import Credentials
from realtime.effects import (
    Authenticate,
    Authenticated,
    Close,
    Effect,
    Follow,
    Followed,
    FollowSignals,
    Join,
    Joined,
    Send,
)
from realtime.encoding import Encoding
from realtime.encoding_json import JSON
from realtime.limits import Limits
from realtime.publication import Publication
from realtime.session import Session
from realtime.subscription import Start
from store.actor import Actor
from store.entry import Entry, LogRead
from store.log_id import LogId
from store.todo.model import Role

LIST = UUID("00000000-0000-4000-8000-000000000001")
USER = UUID("00000000-0000-4000-8000-00000000000a")
OTHER = UUID("00000000-0000-4000-8000-00000000000b")
SESSION = UUID("00000000-0000-4000-8000-0000000000ff")
LOG = LogId.list(LIST)
CHANNEL = LOG.channel
SIGNALS = f"signals:{LIST}"
START = Start("e", 5)


def entry(
    offset: int, kind: str = "todo.deleted", subject: UUID | None = None, log: LogId = LOG
) -> Entry:
    """Make an entry with little in it."""
    data = b'{"type":"%b"}' % kind.encode()
    return Entry(log, offset, kind, subject, data)


def pub(offset: int, kind: str = "todo.deleted", subject: UUID | None = None) -> Publication:
    """Make a publication."""
    return Publication(entry(offset, kind, subject))


def read(
    head: int,
    entries: Iterable[Entry] = (),
    *,
    role: Role | None = Role.EDITOR,
    floor: int = 0,
    epoch: str = "e",
) -> LogRead:
    """Make what a read of the log brought."""
    return LogRead(role, epoch, head, floor, tuple(entries))


def offsets(publications: Iterable[Publication]) -> list[int]:
    """Give the offsets."""
    return [publication.offset for publication in publications]


def credentials(user: UUID = USER, session: UUID = SESSION, life_s: float = 1_800.0) -> Credentials:
    """Make what a good token proves."""
    return Credentials(Actor(user, "ann", session), 0.0, life_s)


def frame(*commands: dict[str, Any]) -> bytes:
    """Spell commands as one frame."""
    return b"\n".join(json.dumps(command).encode() for command in commands)


def sent(effects: Sequence[Effect]) -> list[Any]:
    """Give the messages among the effects, read back."""
    return [json.loads(effect.message) for effect in effects if isinstance(effect, Send)]


def closed(effects: Sequence[Effect]) -> int | None:
    """Give the code of the close among the effects."""
    codes = [effect.code.code for effect in effects if isinstance(effect, Close)]
    return codes[0] if codes else None


class Talk:
    """Hold a session with a clock that a test moves, and what it asked for last."""

    def __init__(
        self, limits: Limits | None = None, *, client: str = "c1", encoding: Encoding = JSON
    ) -> None:
        self.now = 100.0
        self.limits = limits or Limits()
        self.counts = Counts()
        self.session = Session(client, encoding, self.limits, self.now, self.counts)

    def say(self, *commands: dict[str, Any]) -> list[Effect]:
        """Send commands in one frame."""
        return self.session.receive(frame(*commands), self.now)

    def complete(self, effect: Any, outcome: Any) -> list[Effect]:
        """Answer an effect."""
        return self.session.complete(effect.ticket, outcome, self.now)

    def tick(self, seconds: float) -> list[Effect]:
        """Let time pass, and do what is due."""
        self.now += seconds
        return self.session.tick(self.now)

    def open(self, number: int = 1, **connect: Any) -> list[Effect]:
        """Connect; gives the effects of the last step."""
        [ask] = self.say({"id": number, "connect": {"token": "t", **connect}})
        assert isinstance(ask, Authenticate)
        [join] = self.complete(ask, Authenticated(credentials(), 1_800.0))
        assert isinstance(join, Join)
        return self.complete(join, Joined({f"user:{USER}": Start("e", 5), "all": Start("e", 2)}))


def opened(limits: Limits | None = None) -> Talk:
    """Make a session that is connected."""
    talk = Talk(limits)
    talk.open()
    return talk


def only(effects: Sequence[Effect]) -> Any:
    """Give the one effect there is."""
    [effect] = effects
    return effect


def error_of(effects: Sequence[Effect]) -> int:
    """Give the code of the one error that is answered."""
    [message] = sent(effects)
    code: int = message["error"]["code"]
    return code


def follow(talk: Talk, channel: str = CHANNEL, number: int = 2) -> None:
    """Subscribe, successfully."""
    effect = only(talk.say({"id": number, "subscribe": {"channel": channel}}))
    assert isinstance(effect, Follow | FollowSignals)
    talk.complete(effect, Followed(START if isinstance(effect, Follow) else None))


def uuid_text(number: int) -> str:
    """Spell a UUID."""
    return f"00000000-0000-4000-8000-{number:012d}"
