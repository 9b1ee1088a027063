"""What is a WebSocket handshake, and what is said to everything else."""

from __future__ import annotations

import pytest

from http_api.handshake import handshake_fault

GOOD = {
    "host": "h",
    "connection": "keep-alive, Upgrade",
    "upgrade": "WebSocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "sec-websocket-protocol": "centrifuge-json, centrifuge-protobuf",
}


def judge(
    *more: tuple[str, str], method: str = "GET", version: str = "1.1", **fields: str | None
) -> int | None:
    """Give the status of the refusal of a good handshake with other fields; None: it is good."""
    named = {**GOOD, **{name.replace("_", "-"): value for name, value in fields.items()}}
    headers = [*((name, value) for name, value in named.items() if value is not None), *more]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    fault = handshake_fault(method, version, raw)
    return None if fault is None else fault.status


def test_a_handshake_is_one() -> None:
    """RFC 6455 section 4.2.1, case ignored where it says so."""
    assert judge() is None
    assert judge(sec_websocket_protocol=None) is None
    assert judge(connection="upgrade,") is None


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_only_a_get_can_be_a_handshake(method: str) -> None:
    """405, whatever else is right."""
    assert judge(method=method) == 405


@pytest.mark.parametrize(
    "fields",
    [
        {"upgrade": None},
        {"upgrade": "h2c"},
        {"upgrade": "websocket, h2c"},
        {"connection": None},
        {"connection": "keep-alive"},
        {"sec_websocket_version": None},
        {"sec_websocket_version": "8"},
        {"sec_websocket_version": "13, 8"},
        {"version": "1.0"},
    ],
)
def test_another_protocol_is_told_which_one_is_spoken(fields: dict[str, str | None]) -> None:
    """426: the answer names the protocol and its version."""
    assert judge(**fields) == 426  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "key", [None, "", "short", "AAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAA-_==", "A" * 2_000]
)
def test_a_broken_key_is_malformed(key: str | None) -> None:
    """16 bytes in base64, once."""
    assert judge(sec_websocket_key=key) == 400


@pytest.mark.parametrize(
    "more",
    [
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("sec-websocket-protocol", "a b"),
        ("sec-websocket-protocol", ""),
        ("connection", "\xff"),
    ],
)
def test_broken_fields_are_malformed(more: tuple[str, str]) -> None:
    """Repeated, or no list of tokens."""
    assert judge(more) == 400


def test_a_page_has_one_origin() -> None:
    """Two could be checked by the one and used by the other."""
    assert judge(("origin", "a"), ("origin", "b")) == 400
