"""``lockstep user …``: administration without SQL."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from http_api.cli.failure import Failure, SpokenGroup

if TYPE_CHECKING:
    from http_api.cli.administration import Administration
    from store.accounts import Account
    from store.sessions import Session

__all__ = ["user_app"]

T = TypeVar("T")

EXAMPLES = """
\b
Examples:
  lockstep user create ann                 asks for the password
  lockstep user create ann --admin --password-stdin < password.txt
  lockstep user disable ann                locked out everywhere within a second
  lockstep user sessions ann               the devices that are logged in
"""

user_app = typer.Typer(cls=SpokenGroup, no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The username.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@user_app.command("create", short_help="Make an account.")
def create(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="May send broadcasts.")] = False,
    password_stdin: PasswordStdin = False,
) -> None:
    """Make an account, whatever LOCKSTEP_REGISTRATION says."""
    password = _password(from_stdin=password_stdin)

    async def work(open_: Administration) -> Account:
        account = await open_.accounts.register(name, password)
        if admin:
            await open_.accounts.set_admin(account.username, is_admin=True)
        return account

    account = _administer(work)
    typer.echo(f"Made {'administrator' if admin else 'account'} {account.username} ({account.id}).")


@user_app.command("set-password", short_help="Replace a forgotten password.")
def set_password(name: Name, password_stdin: PasswordStdin = False) -> None:
    """Replace a forgotten password; ends every session of the account."""
    password = _password(from_stdin=password_stdin)
    ended = _administer(lambda open_: open_.accounts.set_password(name, password))
    typer.echo(f"{name} has a new password; {_count(len(ended), 'session')} ended.")


@user_app.command("set-admin")
def set_admin(
    name: Name, off: Annotated[bool, typer.Option("--off", help="Take the right away.")] = False
) -> None:
    """Let an account send broadcasts to everyone."""
    _administer(lambda open_: open_.accounts.set_admin(name, is_admin=not off))
    typer.echo(f"{name} is {'no longer' if off else 'now'} an administrator.")


@user_app.command("disable", short_help="Lock an account out, or let it in again.")
def disable(
    name: Name, off: Annotated[bool, typer.Option("--off", help="Let them in again.")] = False
) -> None:
    """Lock an account out: its sessions end at once, and it cannot log in."""
    _administer(lambda open_: open_.accounts.set_disabled(name, disabled=not off))
    typer.echo(f"{name} may log in again." if off else f"{name} is locked out everywhere.")


@user_app.command("sessions")
def sessions(
    name: Name,
    revoke: Annotated[UUID | None, typer.Option(metavar="ID", help="End this session.")] = None,
    revoke_all: Annotated[bool, typer.Option("--revoke-all", help="End every session.")] = False,
) -> None:
    """Show where an account is logged in, or end sessions."""
    if revoke is not None and revoke_all:
        raise Failure("--revoke and --revoke-all exclude each other.", exit_status=2)

    async def work(open_: Administration) -> tuple[tuple[Session, ...], int]:
        account = await open_.accounts.find(name)
        ended = 0
        if revoke_all:
            ended = len(await open_.sessions.revoke_all(account.id))
        elif revoke is not None:
            ended = len(await _end(open_, account, revoke))
        return await open_.sessions.of(account.id), ended

    living, ended = _administer(work)
    if revoke is not None or revoke_all:
        typer.echo(f"{_count(ended, 'session')} ended.")
    _show(name, living)


async def _end(open_: Administration, account: Account, session: UUID) -> tuple[object, ...]:
    from store.errors import NotFound

    try:
        return await open_.sessions.revoke(account.id, session)
    except NotFound as error:
        raise Failure(f"{account.username} has no session {session}.") from error


def _show(name: str, living: tuple[Session, ...]) -> None:
    """Print a table of sessions, the one used last first."""
    from rich.console import Console
    from rich.table import Table

    from http_api.watch.words import clean

    if not living:
        typer.echo(f"{name} is logged in nowhere.")
        return
    table = Table("Session", "Device", "Since (UTC)", "Last refreshed", "Ends")
    for one in living:
        moments = (f"{at:%Y-%m-%d %H:%M}" for at in (one.created_at, one.used_at, one.expires_at))
        table.add_row(str(one.id), clean(one.device) or "-", *moments)
    # As wide as it needs to be where it does not wrap a terminal's lines: ids are for copying.
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)


def _administer(work: Callable[[Administration], Awaitable[T]]) -> T:
    """Run ``work`` on the configured database."""

    async def run() -> T:
        from http_api.cli.administration import administration

        async with administration() as open_:
            return await work(open_)

    return asyncio.run(run())


def _password(*, from_stdin: bool) -> str:
    """Get a password: typed twice on the terminal, or the line on standard input."""
    if from_stdin:
        password = sys.stdin.read().rstrip("\r\n")
        if not password:
            raise Failure("standard input is empty; it should hold the password.", exit_status=2)
        return password
    if not sys.stdin.isatty():
        raise Failure(
            "there is no terminal to ask for the password: give it with --password-stdin.",
            exit_status=2,
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
