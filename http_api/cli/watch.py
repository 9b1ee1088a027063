"""``lockstep watch LIST``: a live list in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from http_api.watch.account import Account

__all__ = ["EXAMPLES", "watch"]

EXAMPLES = """
\b
Examples:
  lockstep watch Groceries --user ann            asks for ann's password
  lockstep watch Groceries --user ann --plain    one line a change, for pipes and logs
  curl -s $SERVER/api/v1/auth/token -d username=ann -d password=... |
    lockstep watch Groceries --token-stdin
"""


def watch(
    wanted: Annotated[
        str,
        typer.Argument(metavar="LIST", help="The list's id, or its title when only one has it."),
    ],
    server: Annotated[
        str | None,
        typer.Option(help="Address of the service. [the one the settings describe]"),
    ] = None,
    user: Annotated[str | None, typer.Option(help="Who watches; asked for when left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    token_stdin: Annotated[
        bool,
        typer.Option(
            "--token-stdin",
            help="Read a token from standard input: the JSON answer of /auth/token, or a bare "
            "access token.",
        ),
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="One line a change. [when not on a terminal]")
    ] = False,
    seen: Annotated[
        Path | None,
        typer.Option(
            help="File that remembers how far each list was seen; the next start shows what was "
            "missed. [~/.local/state/lockstep/seen.json]"
        ),
    ] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Neither show what was missed nor remember.")
    ] = False,
) -> None:
    """Follow a list live: its todos, who is here, and every change as it happens.

    After a cut it resumes exactly where it was; after a restart it first shows what was missed.
    """
    import asyncio

    from http_api.cli.failure import Failure
    from http_api.watch.account import CannotWatch
    from http_api.watch.positions import SeenPositions
    from http_api.watch.watching import watching

    if password_stdin and token_stdin:
        raise Failure("--password-stdin and --token-stdin exclude each other.", exit_status=2)
    if token_stdin and user is not None:
        raise Failure("--token-stdin says who watches; leave --user out.", exit_status=2)
    address = server or _own_address()
    if not address.startswith(("http://", "https://")):
        raise Failure(
            f"{address!r} is no address; it looks like http://127.0.0.1:8000.", exit_status=2
        )
    secret = _from_stdin() if password_stdin or token_stdin else None
    if not token_stdin:
        user = user or _ask("Username")
        secret = secret if secret is not None else _ask("Password", hide=True)

    async def log_in(account: Account) -> None:
        if token_stdin:
            await account.use_token(secret or "")
        else:
            await account.log_in(user or "", secret or "")

    path = seen or Path.home() / ".local" / "state" / "lockstep" / "seen.json"
    try:
        asyncio.run(
            watching(
                address,
                wanted,
                log_in,
                plain=plain or not sys.stdout.isatty(),
                seen=None if forget else SeenPositions(path),
            )
        )
    except CannotWatch as error:
        raise Failure(str(error)) from error


def _own_address() -> str:
    """Give the address that `lockstep serve` has with the same settings."""
    from http_api.cli.configured import read_settings

    settings = read_settings()
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{host}:{settings.port}"


def _from_stdin() -> str:
    """Read a secret from standard input, without the end of its last line."""
    from http_api.cli.failure import Failure

    secret = sys.stdin.read().rstrip("\r\n")
    if not secret:
        raise Failure("standard input is empty; it should hold the secret.", exit_status=2)
    return secret


def _ask(what: str, *, hide: bool = False) -> str:
    """Ask on the terminal; raises Failure when there is none."""
    from http_api.cli.failure import Failure

    if not sys.stdin.isatty():
        raise Failure(
            "there is no terminal to ask on: name --user, and give the password with "
            "--password-stdin or a token with --token-stdin.",
            exit_status=2,
        )
    return str(typer.prompt(what, hide_input=hide))
