"""Serve the files of a directory, read once and kept: nothing a request says opens a file."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from http_api.reply import matches
from store.errors import NotFound

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["StaticFiles"]

# Spelled out: what the machine's own table says of .js differs between machines.
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    type: str
    etag: str
    modified_ns: int


class StaticFiles:
    """Give files of ``directory`` by their relative path; no file beside them can be named.

    The names are listed once, so a path is only ever looked up in that list. A file that was
    edited is read anew, which ``serve --reload`` relies on; a new one needs a restart.
    """

    def __init__(self, directory: Path) -> None:
        self._paths = {
            path.relative_to(directory).as_posix(): path
            for path in sorted(directory.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.parts)
        }
        self._kept: dict[str, _File] = {}

    def answer(self, request: Request, name: str) -> Response:
        """Answer with the file, or 304; raises NotFound when the list does not have the name."""
        file = self._file(name)
        headers = {
            "ETag": file.etag,
            # Ask each time: a 304 costs little, and a page of two versions a lot.
            "Cache-Control": "no-cache",
        }
        if matches(request, file.etag):
            return Response(status_code=304, headers=headers)
        return Response(file.body, media_type=file.type, headers=headers)

    def _file(self, name: str) -> _File:
        path = self._paths.get(name)
        if path is None:
            raise NotFound
        try:
            modified_ns = path.stat().st_mtime_ns
            kept = self._kept.get(name)
            if kept is None or kept.modified_ns != modified_ns:
                kept = _read(path, modified_ns)
                self._kept[name] = kept
        except FileNotFoundError:
            raise NotFound from None
        return kept


def _read(path: Path, modified_ns: int) -> _File:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    digest = hashlib.sha256(body).hexdigest()[:32]
    return _File(body, kind or "application/octet-stream", f'"{digest}"', modified_ns)
