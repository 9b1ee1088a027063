#!/usr/bin/env python3
"""Make nginx.conf from nginx.conf.template; needs nothing but Python 3.11.

Examples:
  nginx/render.py EDGE_SERVER_NAME=todo.example.org >/etc/nginx/lockstep.conf
  nginx/render.py --output nginx.conf --replica unix:/run/lockstep/1.sock --replica 10.0.0.7:8000

A value comes from the command line, else from the environment, else from edge.env beside this
file, which describes them all. EDGE_HOST, when not given, is EDGE_SERVER_NAME, and
EDGE_SOCKET_REPLICAS are EDGE_REPLICAS, of which none is ever left alone.

"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["RenderError", "defaults", "main", "origins", "render", "replicas"]

_HERE = Path(__file__).parent
_PREFIX = "EDGE_"
# Braces and the prefix tell our placeholders from Nginx's own variables, here and for envsubst.
_PLACEHOLDER = re.compile(r"\$\{(EDGE_[A-Z_]+)\}")
# What would end a directive or begin another one, had it come into a value.
_UNSAFE = re.compile(r"[\s;{}\"'\\$#]")
_REPLICAS = "EDGE_REPLICAS"
_SOCKET_REPLICAS = "EDGE_SOCKET_REPLICAS"
_ORIGINS = "EDGE_ORIGINS"
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:-]+")
# Only root can start workers as another user; anyone else would be warned at each start.
_FOR_ROOT = re.compile(r"^user .*\n", re.MULTILINE)


class RenderError(Exception):
    """Say which value is missing, unknown or not allowed, and what is."""


def defaults() -> dict[str, str]:
    """Read the names and default values of edge.env."""
    lines = (_HERE / "edge.env").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def replicas(addresses: Sequence[str]) -> str:
    """Write ``unix:/path.sock`` and ``host:port`` as directives of an upstream block.

    One that fails is left alone for two seconds: less than it takes to replace a replica, so that
    replacing one after another never leaves Nginx believing that all are gone. Raises RenderError.
    """
    for address in addresses:
        if _UNSAFE.search(address):
            raise RenderError(f"{address!r} is no address: use unix:/path.sock or host:port.")
    return " ".join(f"server {address} fail_timeout=2s;" for address in addresses)


def origins(allowed: Sequence[str]) -> str:
    """Write origins such as ``https://app.example.org`` as lines of a map block; each counts once.

    Raises RenderError for what no browser would send as one.
    """
    for origin in allowed:
        if not _ORIGIN.fullmatch(origin):
            raise RenderError(f"{origin!r} is no origin: use https://name, with a port or none.")
    return " ".join(f"{origin} 1;" for origin in dict.fromkeys(allowed))


def render(given: Mapping[str, str], *, unprivileged: bool = False) -> str:
    """Fill the template in; ``given`` wins over the defaults, and an empty value counts as none.

    ``unprivileged`` leaves out what only root may say. Raises RenderError for a name that the
    template does not have and for a value that would not stay one word of the configuration.
    """
    known = defaults()
    if unknown := sorted(name for name in given if name not in known):
        raise RenderError(f"{', '.join(unknown)}: no such name; nginx/edge.env has them all.")
    values = known | {name: value for name, value in given.items() if value}
    if not given.get("EDGE_HOST"):
        values["EDGE_HOST"] = values["EDGE_SERVER_NAME"]
    if not given.get(_SOCKET_REPLICAS):
        values[_SOCKET_REPLICAS] = values[_REPLICAS].replace(";", " max_fails=0;")
    for name, value in values.items():
        if name not in {_REPLICAS, _SOCKET_REPLICAS, _ORIGINS} and _UNSAFE.search(value):
            raise RenderError(f"{name} must be one word, without blanks, quotes and any of ;{{}}$#")
    template = (_HERE / "nginx.conf.template").read_text(encoding="utf-8")
    if unprivileged:
        template = _FOR_ROOT.sub("", template, count=1)
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def main(words: Sequence[str] | None = None) -> int:
    """Render as the command line says; the exit status is 0, or 2 for a bad value."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, help="the file to write [standard output]")
    parser.add_argument("--replica", action="append", metavar="ADDRESS", help="one of several")
    parser.add_argument(
        "--origin",
        action="append",
        metavar="ORIGIN",
        help="another one of LOCKSTEP_ALLOWED_ORIGINS",
    )
    parser.add_argument("--unprivileged", action="store_true", help="Nginx will not start as root")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE")
    options = parser.parse_args(words)
    given = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    given |= {name: value for name, _, value in (word.partition("=") for word in options.values)}
    try:
        if options.replica:
            given[_REPLICAS] = replicas(options.replica)
        if options.origin:
            given[_ORIGINS] = origins(options.origin)
        rendered = render(given, unprivileged=options.unprivileged)
    except RenderError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.output is None:
        sys.stdout.write(rendered)
    else:
        options.output.write_text(rendered, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
