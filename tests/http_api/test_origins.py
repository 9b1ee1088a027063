"""Origins: exact, or the service's own, and nothing that looks like them."""

from __future__ import annotations

import pytest

from http_api.origins import OriginPolicy, origin_of

LISTED = OriginPolicy.of(["https://todo.example.org", "http://10.0.0.5:8000"])
OWN = OriginPolicy.of([])


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Todo.Example.org", "https://todo.example.org"),
        ("https://todo.example.org:443/", "https://todo.example.org"),
        ("http://a:80", "http://a"),
        ("http://a:8000", "http://a:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_spelt_as_browsers_do(text: str, origin: str) -> None:
    """What the operator wrote is compared with what browsers send."""
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "https://*.example.org",
        "ftp://a",
        "https://",
        "https://a/b",
        "https://u@a",
        "https://a?x",
        "a.example.org",
        "https://a:port",
    ],
)
def test_what_is_no_exact_origin_is_refused(text: str) -> None:
    """A pattern would let siblings in; the start stops instead."""
    with pytest.raises(ValueError):  # noqa: PT011 - the setting's own sentence is shown instead
        origin_of(text)


def test_no_origin_is_a_native_client() -> None:
    """Phones and scripts send none, and carry no cookie."""
    assert LISTED.allows(None, "http", "x")
    assert OWN.allows(None, "http", "x")


def test_listed_origins_pass() -> None:
    """The operator's list is the law."""
    assert LISTED.allows("https://todo.example.org", "http", "anything")
    assert LISTED.allows("http://10.0.0.5:8000", "ws", None)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "file://",
        "https://todo.example.org.evil.org",
        "https://eviltodo.example.org",
        "https://sub.todo.example.org",
        "https://todo.example.org:8443",
        "http://todo.example.org",
        "https://TODO.example.org",
        "https://todo.example.org/",
        "https://t\u043edo.example.org",
        "https://todo.example.org https://evil.org",
        "http://127.0.0.1:8000",
    ],
)
def test_nothing_else_passes_a_list(origin: str) -> None:
    """No prefix, suffix, other port, other scheme, upper case or look-alike."""
    assert not LISTED.allows(origin, "https", "todo.example.org")


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("http://127.0.0.1:8000", "http", "127.0.0.1:8000"),
        ("http://localhost:8000", "ws", "localhost:8000"),
        ("https://192.168.1.9", "wss", "192.168.1.9"),
        ("http://[::1]:8000", "http", "[::1]:8000"),
    ],
)
def test_without_a_list_the_own_origin_passes(origin: str, scheme: str, host: str) -> None:
    """The embedded default works without any setting, on the machine and in the home network."""
    assert OWN.allows(origin, scheme, host)


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("http://127.0.0.1:9000", "http", "127.0.0.1:8000"),
        ("https://127.0.0.1:8000", "http", "127.0.0.1:8000"),
        ("http://localhost:8000", "http", "127.0.0.1:8000"),
        ("http://evil.org", "http", "127.0.0.1:8000"),
        ("null", "http", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000", "http", None),
        ("http://x", "http", "[::1"),
    ],
)
def test_without_a_list_others_do_not_pass(origin: str, scheme: str, host: str | None) -> None:
    """Own means: the very address that was asked."""
    assert not OWN.allows(origin, scheme, host)


def test_a_rebound_name_is_not_our_own() -> None:
    """A foreign name that resolves to this machine is still foreign (DNS rebinding)."""
    assert not OWN.allows("http://evil.org:8000", "http", "evil.org:8000")
