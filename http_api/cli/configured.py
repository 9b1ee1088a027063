"""Read the settings for a command, with the command line's own values on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from http_api.cli.failure import Failure

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["read_settings", "unreachable"]


def read_settings(**given: Any) -> Settings:
    """Read environment and ``.env``; each ``given`` value that is not None wins over them.

    Raises Failure with status 2 and a line for each bad setting.
    """
    from http_api.settings import SettingsError, load_settings

    try:
        return load_settings(**{name: value for name, value in given.items() if value is not None})
    except SettingsError as error:
        raise Failure(
            f"{error}\nEvery setting is described in docs/configuration.md.", exit_status=2
        ) from error


def unreachable(settings: Settings, error: Exception) -> Failure:
    """Say that the database cannot be reached and what to look at; its password stays out."""
    from http_api.unreachable import why_unreachable

    return Failure(why_unreachable(settings, error))
