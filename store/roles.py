"""Refuse to serve as a database role that row-level security does not bind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["UnboundRoleError", "demand_bound_role"]

_ROLE = text(
    "SELECT current_user::text AS name, rolsuper, rolbypassrls,"
    " EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind = 'r') AS owns"
    " FROM pg_roles WHERE rolname = current_user"
)


class UnboundRoleError(Exception):
    """Say that a pool acts as a superuser, may bypass row security, or owns tables."""


async def demand_bound_role(connection: AsyncConnection) -> None:
    """Check the role that this connection acts as; raises UnboundRoleError."""
    role = (await connection.execute(_ROLE)).one()
    if role.rolsuper or role.rolbypassrls or role.owns:
        raise UnboundRoleError(
            f"The database role {role.name} is a superuser, may bypass row-level security or owns "
            "tables. Run `lockstep migrate` with LOCKSTEP_MIGRATE_DATABASE_URL and let the service "
            "log in as a plain role."
        )
