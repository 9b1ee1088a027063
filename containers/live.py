"""Tell whether the server of this container lives: exit 0 when it answers HTTP, 1 when not.

`live.py` asks the replica for /health/live, through LOCKSTEP_UDS or at LOCKSTEP_PORT. `live.py
HOST:PORT` asks Nginx there, as EDGE_SERVER_NAME. Needs nothing but Python.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys

__all__ = ["main"]

_WITHIN_S = 2.0


class _UnixConnection(http.client.HTTPConnection):
    """Speak HTTP on the Unix socket ``path``."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_WITHIN_S)
        self.sock.connect(self._path)


def _connection(words: list[str]) -> http.client.HTTPConnection:
    if words:
        return http.client.HTTPConnection(words[0], timeout=_WITHIN_S)
    if path := os.environ.get("LOCKSTEP_UDS"):
        return _UnixConnection(path)
    port = os.environ.get("LOCKSTEP_PORT") or "8000"
    return http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=_WITHIN_S)


def main(words: list[str]) -> int:
    """Ask once; the exit status is 0 for any answer below 500, else 1 with the reason."""
    connection = _connection(words)
    # Nginx answers nobody who asks for another name than its own.
    name = os.environ.get("EDGE_SERVER_NAME") if words else None
    try:
        connection.request("GET", "/health/live", headers={"Host": name} if name else {})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"no answer: {error!r}\n")
        return 1
    finally:
        connection.close()
    return int(status >= http.HTTPStatus.INTERNAL_SERVER_ERROR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
