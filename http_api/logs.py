"""Write log lines: one event a line, JSON or console, nothing in it that could forge another."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from http_api.trail import add_trail

__all__ = ["configure_logs", "escape"]

MAX_TEXT: Final = 2000  # code points of one value; a line of the log stays a line

# What moves the cursor, ends a line or turns the reading direction: C0, DEL, C1, line and paragraph
# separators, bidi controls, and surrogates, which UTF-8 cannot spell.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

# Their messages quote rows, and rows hold titles.
_TALKATIVE: Final = ("sqlalchemy", "asyncpg", "sqlite3", "aiosqlite", "pydantic", "pydantic_core")


def configure_logs(
    level: str, form: Literal["auto", "json", "console"], stream: TextIO | None = None
) -> None:
    """Set up structlog, and the standard library's logging, to write to ``stream`` (stderr).

    ``auto`` is console style on a terminal and JSON elsewhere. May be called again.
    """
    stream = stream or sys.stderr
    console = form == "console" or (form == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_trail,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions,
        _bound_all,
    ]
    if console:
        shared.append(_escape_all)
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False)
        if console
        else structlog.processors.JSONRenderer(serializer=_dumps)
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream),
        # Not cached: a later call (another test, another level) must reach loggers in use.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries' own debug lines may quote statements with their values: never below warning.
    root.setLevel(max(threshold, logging.WARNING))


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what uvicorn (0.52) says of every handshake that the app answered with a status."""
    return record.msg != "ASGI callable returned without completing handshake."


def escape(text: str) -> str:
    r"""Spell control, separator and bidi characters as ``\uXXXX``."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _bound(text: str) -> str:
    """Cut after MAX_TEXT, and spell out surrogates, which the output could not carry."""
    shown = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
    return shown.encode(errors="backslashreplace").decode()


def _bound_all(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {key: _each_text(value, _bound) for key, value in event.items()}


def _escape_all(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {key: _each_text(value, escape) for key, value in event.items()}


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return [_each_text(member, change) for member in value]
    if isinstance(value, dict):
        return {change(str(key)): _each_text(member, change) for key, member in value.items()}
    return value


def _exceptions(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace an exception by its type, what it says, and where it came from, innermost last."""
    given: Any = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if not isinstance(error, BaseException):
        return event
    kind = type(error)
    event["error"] = f"{kind.__module__}.{kind.__qualname__}"
    if not kind.__module__.startswith(_TALKATIVE):
        event["says"] = str(error)
    event["frames"] = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-12:]
    ]
    return event


def _dumps(event: EventDict, **_options: Any) -> str:
    # JSON has escaped what ends a line; escaping the rest the same way keeps it JSON.
    return escape(orjson.dumps(event, default=str).decode())
