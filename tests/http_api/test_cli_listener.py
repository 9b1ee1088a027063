"""Binding the listening socket."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from http_api.cli.failure import Failure
from http_api.cli.listener import UNSENT_BYTES, bind_address, bind_path


def test_port_0_takes_a_free_port_and_tells_it() -> None:
    """The address shown is the one that answers."""
    listener = bind_address("127.0.0.1", 0)
    with listener.socket:
        port = listener.socket.getsockname()[1]
        assert listener.address == f"http://127.0.0.1:{port}"


def test_the_kernel_keeps_little_for_a_peer_that_does_not_read() -> None:
    """Each accepted socket has the bound of the one that listens."""
    with bind_address("127.0.0.1", 0).socket as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                kept = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
    assert kept == UNSENT_BYTES


def test_a_taken_port_says_what_to_do() -> None:
    """The sentence names the port, the likely reason and a command that works."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=rf"port {port} on 127\.0\.0\.1 is in use.*--port"):
            bind_address("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.1", "has no address"), ("no.such.host.invalid", "is not known")]
)
def test_a_wrong_host_says_what_to_do(host: str, said: str) -> None:
    """A foreign address and an unknown name are told apart."""
    with pytest.raises(Failure, match=said):
        bind_address(host, 0)


def test_a_dead_servers_socket_file_is_replaced(tmp_path: Path) -> None:
    """A crash leaves the file behind; the next start must not need a person."""
    path = tmp_path / "s"
    bind_path(path).socket.close()
    assert path.exists()
    listener = bind_path(path)
    with listener.socket:
        listener.socket.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_living_servers_socket_file_is_left_alone(tmp_path: Path) -> None:
    """Two servers on one socket file would share its requests by chance."""
    path = tmp_path / "s"
    with bind_path(path).socket as living:
        living.listen()
        with pytest.raises(Failure, match="another server already listens"):
            bind_path(path)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    """A mistyped path must not cost a file."""
    path = tmp_path / "notes.txt"
    path.write_text("keep me")
    with pytest.raises(Failure, match="is not a socket"):
        bind_path(path)
    assert path.read_text() == "keep me"


def test_a_path_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """A missing directory is the usual mistake."""
    with pytest.raises(Failure, match="directory that exists"):
        bind_path(tmp_path / "missing" / "s")
