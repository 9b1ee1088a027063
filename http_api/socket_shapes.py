"""Describe what travels over the socket, for the AsyncAPI document and tests that hold us to it.

What clients say is open: fields not named here are ignored. What the server says is closed.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from http_api.answers import Shape

__all__ = [
    "COMMAND_BODIES",
    "ClientInfoShape",
    "ConnectBody",
    "DisconnectPush",
    "InfoShape",
    "PublicationShape",
    "PublishBody",
    "SignalShape",
    "UnsubscribePush",
]

Offset = Annotated[int, Field(ge=0, le=2**53 - 1)]
Channel = Annotated[str, Field(examples=["list:0197f2b2-3c5e-7c60-9d0e-0c6f2f1a7b11"])]
SignalsChannel = Annotated[
    str,
    Field(pattern="^signals:", examples=["signals:0197f2b2-3c5e-7c60-9d0e-0c6f2f1a7b11"]),
]


class Since(BaseModel):
    """Name a position: after entry `offset` of the history `epoch`."""

    epoch: str = Field(default="", description="Empty matches any history, `_` none.")
    offset: Offset = 0


class Resume(Since):
    """Ask to resume a channel from a position."""

    recover: bool = False


class ConnectBody(BaseModel):
    """Authenticate: the first command, within 10 s."""

    token: str = Field(description="The access token of `POST /api/v1/auth/token`.")
    subs: dict[str, Resume] = Field(
        default={}, description="Resume the channels that the server subscribes for you."
    )


class ChannelBody(BaseModel):
    """Name a channel."""

    channel: Channel


class SubscribeBody(Resume, ChannelBody):
    """Follow a channel, from now on or from where you were."""

    flag: int = Field(default=0, description="2: error 112 where the position cannot be resumed.")
    join_leave: bool = Field(default=False, description="Tell me who comes and goes.")


class UnsubscribeBody(ChannelBody):
    """Follow a channel no longer; always succeeds."""


class SignalShape(Shape):
    """Say something in passing: not kept, no answer, at most once."""

    type: Literal["typing", "viewing", "cursor"]
    todo_id: UUID | None = None
    detail: Any = Field(default=None, description="Any JSON, at most 512 bytes.")


class PublishBody(BaseModel):
    """Send a signal to `signals:<list id>`; nothing else can be published."""

    channel: SignalsChannel
    data: SignalShape


class PresenceBody(ChannelBody):
    """Ask who follows a list, by connection."""


class PresenceStatsBody(ChannelBody):
    """Ask how many follow a list."""


class HistoryBody(ChannelBody):
    """Read a log: after `since`, or from its beginning; `reverse`: backwards, or from its end."""

    since: Since | None = None
    limit: int = Field(default=0, description="At most 500; 0: the position only.")
    reverse: bool = False


class RefreshBody(BaseModel):
    """Give a fresh access token, of the same user and session."""

    token: str


class PingBody(BaseModel):
    """Ask for an empty answer."""


class SendBody(BaseModel):
    """Say something that is ignored."""


class PublicationShape(Shape):
    """Carry one entry and its number."""

    data: dict[str, Any] = Field(description="The entry; its `type` says which.")
    offset: Annotated[int, Field(ge=1)]


class Subscribed(Shape):
    """Say where a subscription begins; of a channel without positions it is empty."""

    recoverable: Literal[True] = True
    positioned: Literal[True] = True
    epoch: str = ""
    offset: Offset = Field(default=0, description="The head; recovered: the position asked for.")
    was_recovering: Literal[True] = Field(default=True, description="A position was asked for.")
    recovered: bool = Field(default=True, description="False: load the snapshot.")
    publications: list[PublicationShape] = Field(
        default=[], description="The first entries missed; the rest follow as pushes."
    )


class Connected(Shape):
    """Accept a connection."""

    client: str = Field(description="This connection's id.")
    version: str
    expires: Literal[True]
    ttl: Annotated[int, Field(ge=1)] = Field(description="Seconds until a refresh is due.")
    ping: int = Field(description="Seconds between the server's pings.")
    pong: Literal[True]
    subs: dict[str, Subscribed] = Field(description="`user:<your id>` and `all`.")
    session: str = Field(default="", description="On an HTTP stream only, for `POST /emulation`.")
    node: str = Field(default="", description="The same.")


class Empty(Shape):
    """Say that it is done."""


class Username(Shape):
    """Name whose connection it is."""

    username: str


class ClientInfoShape(Shape):
    """Name a connection and whose it is."""

    client: str
    user: str
    conn_info: Username


class Presence(Shape):
    """Tell who is here, by connection."""

    presence: dict[str, ClientInfoShape]


class PresenceStats(Shape):
    """Tell how many are here; a person counts once among the users."""

    num_clients: int
    num_users: int


class History(Shape):
    """Give a part of a log, and where the log ends."""

    epoch: str
    offset: Offset
    publications: list[PublicationShape] = Field(default=[])


class Refreshed(Shape):
    """Accept a token."""

    expires: Literal[True]
    ttl: Annotated[int, Field(ge=1)]


class InfoShape(Shape):
    """Say whose connection came or went."""

    info: ClientInfoShape


class UnsubscribePush(Shape):
    """End a subscription from the server's side."""

    code: int
    reason: str


class DisconnectPush(Shape):
    """End a connection that has no close frame to say so."""

    code: int
    reason: str


COMMAND_BODIES: Final[dict[str, tuple[type[BaseModel], type[BaseModel] | None]]] = {
    "connect": (ConnectBody, Connected),
    "subscribe": (SubscribeBody, Subscribed),
    "unsubscribe": (UnsubscribeBody, Empty),
    "publish": (PublishBody, Empty),
    "presence": (PresenceBody, Presence),
    "presence_stats": (PresenceStatsBody, PresenceStats),
    "history": (HistoryBody, History),
    "refresh": (RefreshBody, Refreshed),
    "ping": (PingBody, Empty),
    "send": (SendBody, None),
}
"""Each command of the protocol but rpc: what it says, and the answer (None: there is none)."""
