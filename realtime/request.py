"""Check one command of an open session, and turn it into the effect that carries it out."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from pydantic import ValidationError

from realtime import codes
from realtime.codes import ErrorCode
from realtime.command import History, Message, Presence, Publish, Rpc, Subscribe
from realtime.effects import (
    AskPresence,
    Effect,
    Execute,
    Follow,
    FollowSignals,
    ReadHistory,
    Signal,
)
from realtime.limits import Limits
from realtime.signals import list_of_signals, read_signal
from store.log_id import LogId, LogKind
from store.todo.commands import COMMANDS

__all__ = ["Rejected", "request_effect"]


class Rejected(Exception):
    """Refuse a command with an error reply."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error.message)
        self.error = error


def request_effect(
    command: Message, ticket: int, user: UUID, channels: Collection[str], limits: Limits
) -> Effect:
    """Build the effect for ``command`` of ``user``, who follows ``channels``.

    Raises ``Rejected``.
    """
    match command:
        case Subscribe():
            return _subscribe(command, ticket, channels, limits)
        case Publish():
            return _publish(command, ticket, limits)
        case Presence():
            return _presence(command, ticket)
        case History():
            return _history(command, ticket, user, limits)
        case Rpc():
            return _rpc(command, ticket)
        case _:
            raise Rejected(codes.METHOD_NOT_FOUND)


def _subscribe(
    command: Subscribe, ticket: int, channels: Collection[str], limits: Limits
) -> Effect:
    if command.kind != 0:
        raise Rejected(codes.NOT_AVAILABLE)
    if command.filtered:
        raise Rejected(codes.BAD_REQUEST)
    log = LogId.parse(command.channel)
    effect: Follow | FollowSignals
    if log is None:
        list_id = list_of_signals(command.channel)
        if list_id is None:
            raise Rejected(codes.UNKNOWN_CHANNEL)
        effect = FollowSignals(ticket, list_id)
    elif log.kind is LogKind.LIST:
        effect = Follow(ticket, log, command.recovery, command.join_leave)
    else:  # a user's own log and ``all`` are subscribed from the server's side, at connect
        raise Rejected(codes.ALREADY_SUBSCRIBED)
    if command.channel in channels:
        raise Rejected(codes.ALREADY_SUBSCRIBED)
    if len(channels) >= limits.subscriptions:
        raise Rejected(codes.LIMIT_EXCEEDED)
    return effect


def _publish(command: Publish, ticket: int, limits: Limits) -> Effect:
    list_id = list_of_signals(command.channel)
    if list_id is None:
        raise Rejected(codes.PERMISSION_DENIED)
    data = None if command.surrogate else read_signal(command.data, limits.signal_detail_bytes)
    if data is None:
        raise Rejected(codes.INVALID)
    return Signal(ticket, list_id, data)


def _presence(command: Presence, ticket: int) -> Effect:
    log = LogId.parse(command.channel)
    if log is not None and log.kind is LogKind.LIST:
        return AskPresence(ticket, log)
    if log is None and list_of_signals(command.channel) is None:
        raise Rejected(codes.UNKNOWN_CHANNEL)
    raise Rejected(codes.NOT_AVAILABLE)


def _history(command: History, ticket: int, user: UUID, limits: Limits) -> Effect:
    log = LogId.parse(command.channel)
    if log is None:
        known = list_of_signals(command.channel) is not None
        raise Rejected(codes.NOT_AVAILABLE if known else codes.UNKNOWN_CHANNEL)
    if log.kind is LogKind.USER and log.key != user:
        raise Rejected(codes.PERMISSION_DENIED)
    if command.limit < 0:
        raise Rejected(codes.BAD_REQUEST)
    limit = min(command.limit, limits.page_entries)
    return ReadHistory(ticket, log, command.since, limit, command.reverse)


def _rpc(command: Rpc, ticket: int) -> Effect:
    model = COMMANDS.get(command.method)
    if model is None:
        raise Rejected(codes.METHOD_NOT_FOUND)
    if command.surrogate:
        raise Rejected(codes.INVALID)
    try:
        return Execute(ticket, model.model_validate(command.data))
    except ValidationError as error:
        raise Rejected(codes.INVALID) from error
