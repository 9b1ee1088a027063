"""Tell whether the server of this container lives: exit 0 when it answers HTTP, 1 when not.

`live.py` asks the replica for /health/live, through LOCKSTEP_UDS or at LOCKSTEP_PORT. `live.py
edge` asks Nginx, at the port of EDGE_HTTP_LISTEN, for EDGE_SERVER_NAME. Needs Python alone.
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


def _replica() -> http.client.HTTPConnection:
    if path := os.environ.get("LOCKSTEP_UDS"):
        return _UnixConnection(path)
    return _at(os.environ.get("LOCKSTEP_PORT") or "8000")


def _at(port: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=_WITHIN_S)


def main(words: list[str]) -> int:
    """Ask once; the exit status is 0 for any answer below 500, else 1 with the reason."""
    connection, headers = _replica(), {}
    if words == ["edge"]:
        # The redirection to TLS. Nginx answers nobody who asks for another name than its own.
        connection = _at(os.environ["EDGE_HTTP_LISTEN"].rpartition(":")[2])
        headers["Host"] = os.environ["EDGE_SERVER_NAME"]
    try:
        connection.request("GET", "/health/live", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"no answer: {error!r}\n")
        return 1
    finally:
        connection.close()
    return int(status >= http.HTTPStatus.INTERNAL_SERVER_ERROR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
