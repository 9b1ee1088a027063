"""The table of the binary form, against the one that an official SDK ships."""

from __future__ import annotations

import pytest

from realtime.protobuf_schema import MESSAGES, Command, Reply
from tests.realtime.binary import SDK

_NEWER = {("SubscribeRequest", 15)}  # `type`: the SDK's schema is of before


@pytest.mark.parametrize("name", MESSAGES)
def test_every_field_is_the_published_one(name: str) -> None:
    """Same name, number, type and place: else two programs would not understand each other."""
    file = Command.DESCRIPTOR.file
    ours, theirs = file.message_types_by_name[name], SDK.DESCRIPTOR.message_types_by_name[name]
    for field in ours.fields:
        if (name, field.number) in _NEWER:
            continue
        published = theirs.fields_by_number[field.number]
        for what in ("name", "type", "is_repeated"):
            assert getattr(field, what) == getattr(published, what), (field.name, what)
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            assert field.message_type.name == published.message_type.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            values = [one.message_type.fields_by_name["value"] for one in (field, published)]
            assert values[0].message_type.name == values[1].message_type.name
            keys = [one.message_type.fields_by_name["key"] for one in (field, published)]
            assert keys[0].type == keys[1].type


def test_the_table_holds_every_command_and_reply() -> None:
    """What it leaves out is what this server never says."""
    assert [field.name for field in Command.DESCRIPTOR.fields] == [
        field.name for field in SDK.Command.DESCRIPTOR.fields
    ]
    never = {field.name for field in SDK.Reply.DESCRIPTOR.fields} - {
        field.name for field in Reply.DESCRIPTOR.fields
    }
    assert never == {"sub_refresh"}
