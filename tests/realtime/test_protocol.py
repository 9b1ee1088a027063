"""Frames from clients: the good, and everything that is none."""

from __future__ import annotations

import pytest

from realtime.command import (
    Connect,
    History,
    Message,
    Ping,
    Pong,
    Presence,
    Publish,
    Refresh,
    Rpc,
    Send,
    SubRefresh,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from realtime.encoding import BadFrame
from realtime.protocol import parse_frame
from realtime.subscription import Recovery


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", Pong()),
        ('{"id":1,"connect":{}}', Connect(1, "")),
        ('{"id":1,"connect":{"token":"t","subs":{"all":{"recover":true}}}}',
         Connect(1, "t", {"all": Recovery("", 0)})),
        ('{"id":1,"subscribe":{"channel":"c"}}', Subscribe(1, "c")),
        ('{"id":1,"subscribe":{"channel":"c","recover":true,"epoch":"e","offset":7,"flag":3}}',
         Subscribe(1, "c", Recovery("e", 7, reject=True))),
        ('{"id":1,"subscribe":{"channel":"c","flag":2,"join_leave":true}}',
         Subscribe(1, "c", join_leave=True)),
        ('{"id":1,"subscribe":{"channel":"c","tf":{"op":"and"}}}',
         Subscribe(1, "c", filtered=True)),
        ('{"id":1,"subscribe":{"channel":"c","type":4}}', Subscribe(1, "c", kind=4)),
        ('{"id":1,"unsubscribe":{"channel":"c"}}', Unsubscribe(1, "c")),
        ('{"id":1,"publish":{"channel":"c","data":[1]}}', Publish(1, "c", [1])),
        ('{"id":1,"presence":{"channel":"c"}}', Presence(1, "c")),
        ('{"id":1,"presence_stats":{"channel":"c"}}', Presence(1, "c", stats=True)),
        ('{"id":1,"history":{"channel":"c","limit":5,"reverse":true,"since":{"offset":2}}}',
         History(1, "c", Recovery("", 2), 5, reverse=True)),
        ('{"id":1,"ping":{}}', Ping(1)),
        ('{"send":{"data":1}}', Send()),
        ('{"id":1,"rpc":{"method":"m","data":{"a":null}}}', Rpc(1, "m", {"a": None})),
        ('{"id":1,"refresh":{"token":"t"}}', Refresh(1, "t")),
        ('{"id":1,"sub_refresh":{"channel":"c","token":"t"}}', SubRefresh(1)),
        ('{"id":4294967295,"map_publish":{}}', Unknown(4294967295)),
    ],
)  # fmt: skip
def test_every_command_is_read(text: str, message: Message) -> None:
    """Each becomes one closed value; missing fields have their zero values."""
    assert parse_frame(text.encode()) == [message]


def test_unknown_fields_are_ignored() -> None:
    """Later protocols may say more than we know."""
    text = '{"id":1,"subscribe":{"channel":"c","positioned":true,"delta":"fossil","new":{"a":1}}}'
    assert parse_frame(text.encode()) == [Subscribe(1, "c")]


def test_commands_of_a_frame_keep_their_order() -> None:
    """They are joined by newlines; a final one does no harm."""
    assert parse_frame(b'{"id":1,"ping":{}}\n{}\n{"id":2,"ping":{}}\n') == [
        Ping(1),
        Pong(),
        Ping(2),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\n",
        b"hello",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b'{"id":1,"ping":{}} x',
        b'{"id":1,"ping":{}',
        b"\xef\xbb\xbf{}",
        b'{"id":1,"ping":{},"id":2}',
        b'{"id":1,"rpc":{"method":"m","data":{"a":1,"a":2}}}',
        b'{"id":1,"rpc":{"method":"m","data":NaN}}',
        b'{"id":1,"rpc":{"method":"m","data":[Infinity]}}',
        b'{"id":1,"rpc":{"method":"m","data":[-Infinity]}}',
        b'{"id":1,"rpc":{"method":"m","data":' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
        b'{"id":1,"rpc":{"method":"m","data":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}}",
        b'{"id":1,"rpc":{"method":"m","data":["\\ud800",' + b"[" * 10_000 + b"]" * 10_000 + b"]}}",
        b'{"id":1,"rpc":{"method":"m","data":' + b"9" * 5_000 + b"}}",
        b'{"id":1,"rpc":{"method":"m","data":"\xff"}}',
        b'{"id":1,"subscribe":{"channel":"\\ud800"}}',
        b'{"id":"1","ping":{}}',
        b'{"id":-1,"ping":{}}',
        b'{"id":true,"ping":{}}',
        b'{"id":1.0,"ping":{}}',
        b'{"id":4294967296,"ping":{}}',
        b'{"ping":{}}',
        b'{"foo":{}}',
        b'{"id":1,"ping":[]}',
        b'{"id":1,"subscribe":{"channel":5}}',
        b'{"id":1,"subscribe":{"channel":"c","recover":1}}',
        b'{"id":1,"subscribe":{"channel":"c","recover":true,"offset":1.5}}',
        b'{"id":1,"subscribe":{"channel":"c","recover":true,"offset":"1"}}',
        b'{"id":1,"history":{"channel":"c","since":[]}}',
        b'{"id":1,"connect":{"token":1}}',
        b'{"id":1,"connect":{"subs":{"all":1}}}',
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    """Nothing else than BadFrame comes out, whatever goes in."""
    with pytest.raises(BadFrame):
        parse_frame(frame)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff", "\\ud83d", "\\udc00\\ud800", "\\uD800x"])
def test_a_lone_surrogate_in_data_is_told_from_a_bad_frame(escape: str) -> None:
    """The command can be answered: it is read, and marked."""
    text = '{"id":7,"rpc":{"method":"m","data":{"title":"' + escape + '"}}}'
    [message] = parse_frame(text.encode())
    assert isinstance(message, Rpc)
    assert (message.id, message.surrogate) == (7, True)


def test_a_pair_and_an_escaped_backslash_are_no_lone_surrogates() -> None:
    """Only what cannot be text is marked."""
    [pair] = parse_frame(b'{"id":7,"rpc":{"method":"m","data":"\\ud83d\\ude00"}}')
    [plain] = parse_frame(b'{"id":7,"rpc":{"method":"m","data":"\\\\ud800"}}')
    assert isinstance(pair, Rpc)
    assert isinstance(plain, Rpc)
    assert (pair.data, pair.surrogate) == ("\U0001f600", False)
    assert (plain.data, plain.surrogate) == ("\\ud800", False)
