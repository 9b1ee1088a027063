"""A stand-in for a replica that tells what it was sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path


class _Mirror(BaseHTTPRequestHandler):
    """Answer every request with its line and its header fields, as JSON pairs."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, once the body is read: another request may follow it."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told = json.dumps([["line", self.requestline], *self.headers.items()]).encode()
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the library's own names

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """Name nobody: a Unix socket's peer has no address."""
        return ""


class _Server(socketserver.ThreadingUnixStreamServer):
    status = 200
    daemon_threads = True
    block_on_close = False  # Nginx keeps connections open


@contextmanager
def mirror(path: Path, *, status: int = 200) -> Iterator[str]:
    """Listen on the Unix socket ``path``; gives its address as Nginx writes it."""
    with _Server(str(path), _Mirror) as server:
        server.status = status
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"unix:{path}"
        finally:
            server.shutdown()
            thread.join()
