"""Who asks: a bearer JWT, checked against the users table."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_orm.database import get_session
from fastapi_orm.models import User
from fastapi_orm.repository import UserRepository

SECRET = os.environ["PEER_SECRET_KEY"]
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token")


async def get_current_user(
    token: Annotated[str, Depends(oauth2_scheme)],
    session: Annotated[AsyncSession, Depends(get_session)],
) -> User:
    """Give the person whose token it is; 401 when it is nobody's."""
    refusal = HTTPException(
        status.HTTP_401_UNAUTHORIZED,
        "Could not validate credentials",
        headers={"WWW-Authenticate": "Bearer"},
    )
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
        user = await UserRepository(session).get(UUID(claims["sub"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise refusal from error
    if user is None or user.disabled_at is not None:
        raise refusal
    return user
