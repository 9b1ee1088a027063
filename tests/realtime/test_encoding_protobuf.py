"""Every reply and push in the binary form is the one of the JSON form."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import codes
from realtime.codes import ErrorCode, UnsubscribeCode
from realtime.encoding import Encoding
from realtime.encoding_json import JSON
from realtime.encoding_protobuf import PROTOBUF
from realtime.presence import ClientInfo
from realtime.publication import Publication
from realtime.subscription import Start
from store.entry import Entry
from store.log_id import LogId
from tests.realtime.binary import replies, without_zeros
from tests.realtime.makers import LIST, LOG, USER, pub

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_IDS = st.integers(1, 2**32 - 1)
_OFFSETS = st.integers(0, 2**63 - 1)
_SECONDS = st.integers(1, 2**31)
_DATA = st.dictionaries(_TEXT, st.none() | st.booleans() | _TEXT | st.integers(-99, 99)).map(
    lambda data: json.dumps(data).encode()
)
_INFOS = st.builds(ClientInfo, _TEXT, _TEXT, _TEXT)
_LOGS = st.sampled_from([LOG, LogId.user(USER), LogId.ALL])
_ENTRIES = st.builds(
    Entry, _LOGS, st.integers(1, 2**63 - 1), st.just("todo.created"), st.none(), _DATA
)
_PUBLICATIONS = st.lists(_ENTRIES.map(Publication), max_size=3)
_STARTS = st.builds(
    Start,
    _TEXT,
    _OFFSETS,
    recovered=st.none() | st.booleans(),
    publications=_PUBLICATIONS,
)
_ERRORS = st.builds(ErrorCode, st.integers(1, 599), _TEXT, st.booleans())
_UNSUBSCRIBES = st.builds(UnsubscribeCode, st.integers(1, 2999), _TEXT)

# For each method of an encoding, the arguments it may be given.
_SPELLED: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "publication": st.tuples(_ENTRIES.map(Publication)),
    "connect_reply": st.tuples(
        _IDS, _TEXT, _SECONDS, _SECONDS, st.dictionaries(_TEXT, _STARTS, max_size=2)
    ),
    "subscribe_reply": st.tuples(_IDS, st.none() | _STARTS),
    "empty_reply": st.tuples(_IDS, st.sampled_from(["publish", "unsubscribe", "ping"])),
    "rpc_reply": st.tuples(_IDS, _DATA),
    "refresh_reply": st.tuples(_IDS, _SECONDS),
    "presence_reply": st.tuples(_IDS, st.lists(_INFOS, max_size=3)),
    "presence_stats_reply": st.tuples(_IDS, _SECONDS, _SECONDS),
    "history_reply": st.tuples(_IDS, _TEXT, _OFFSETS, st.none() | _PUBLICATIONS),
    "error_reply": st.tuples(_IDS, _ERRORS),
    "unsubscribe_push": st.tuples(_TEXT, _UNSUBSCRIBES),
    "join_push": st.tuples(_TEXT, _INFOS),
    "leave_push": st.tuples(_TEXT, _INFOS),
    "signal_push": st.tuples(_TEXT, _DATA, _INFOS),
}


def test_everything_that_an_encoding_spells_is_compared_here() -> None:
    """A method added to it comes into the table."""
    methods = {name for name, value in vars(Encoding).items() if callable(value)}
    assert {name for name in methods if not name.startswith("_")} - {"parse"} == set(_SPELLED)


@pytest.mark.parametrize("method", _SPELLED)
@given(data=st.data())
def test_what_is_spelled_reads_the_same(method: str, data: st.DataObject) -> None:
    """Decoded with the official SDK's schema, what is not zero is what JSON says."""
    arguments = data.draw(_SPELLED[method])
    [read] = replies(getattr(PROTOBUF, method)(*arguments))
    assert read == without_zeros(json.loads(getattr(JSON, method)(*arguments)))


@pytest.mark.parametrize(
    "golden",
    [
        lambda form: form.subscribe_reply(
            2, Start("e", 42, recovered=True, publications=[pub(43)])
        ),
        lambda form: form.publication(pub(44, "todo.created")),
        lambda form: form.error_reply(2, codes.UNRECOVERABLE_POSITION),
        lambda form: form.error_reply(2, codes.INTERNAL),
        lambda form: form.unsubscribe_push(f"list:{LIST}", codes.REMOVED),
        lambda form: form.join_push("list:L", ClientInfo("c2", "u2", "ann")),
        lambda form: form.rpc_reply(3, b'{"todo":{},"epoch":"e","offset":44}'),
        lambda form: form.refresh_reply(6, 1740),
    ],
)
def test_the_golden_frames_are_the_same(golden: Callable[[Encoding], bytes]) -> None:
    """Those that the wire's description shows."""
    assert replies(golden(PROTOBUF)) == [without_zeros(json.loads(golden(JSON)))]


def test_a_publication_byte_for_byte() -> None:
    """Length, reply, push, channel, publication: its data is the entry's JSON."""
    entry = Entry(LogId.ALL, 44, "t", None, b'{"type":"t"}')
    assert PROTOBUF.publication(Publication(entry)) == (
        b'\x19\x22\x17\x12\x03all\x22\x10\x22\x0c{"type":"t"}\x30\x2c'
    )


def test_a_publication_is_spelled_once_and_only_when_needed() -> None:
    """All followers of the encoding get the same bytes."""
    publication = pub(1)
    JSON.publication(publication)
    assert publication.binary is None
    first = PROTOBUF.publication(publication)
    assert PROTOBUF.publication(publication) is first


def test_messages_follow_each_other_without_anything_between() -> None:
    """Their lengths keep them apart, also when they are long."""
    long = Publication(Entry(LOG, 2, "t", None, json.dumps("x" * 20_000).encode()))
    spelled = [PROTOBUF.publication(pub(1)), PROTOBUF.publication(long), PROTOBUF.ping]
    first, second, ping = replies(PROTOBUF.separator.join(spelled))
    assert first["push"]["pub"]["offset"] == 1
    assert second["push"]["pub"] == {"data": "x" * 20_000, "offset": 2}
    assert ping == {}
