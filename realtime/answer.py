"""Spell what a command that was worked on is answered."""

from __future__ import annotations

from realtime import codes
from realtime.command import Message, Presence, Publish, Subscribe
from realtime.effects import Carried, Done, Failed, Followed, Outcome, Present, Told
from realtime.encoding import Encoding

__all__ = ["answer"]


def answer(encoding: Encoding, command: Message, outcome: Outcome) -> bytes:
    """Spell the reply; an outcome that does not fit the command is an internal error."""
    number = command.id
    match outcome:
        case Failed(error):
            return encoding.error_reply(number, error)
        case Followed(start) if isinstance(command, Subscribe):
            return encoding.subscribe_reply(number, start)
        case Present(infos) if isinstance(command, Presence) and command.stats:
            users = len({info.user for info in infos})
            return encoding.presence_stats_reply(number, len(infos), users)
        case Present(infos):
            return encoding.presence_reply(number, infos)
        case Told(epoch, offset, publications):
            return encoding.history_reply(number, epoch, offset, publications)
        case Carried(body):
            return encoding.rpc_reply(number, body)
        case Done() if isinstance(command, Publish):
            return encoding.empty_reply(number, "publish")
        case _:
            return encoding.error_reply(number, codes.INTERNAL)
