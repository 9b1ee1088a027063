"""Hash and verify passwords in a few threads, so that logins cannot take the machine."""

from __future__ import annotations

import asyncio
import base64
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from store.errors import Unavailable
from store.password_rules import normalized_password

__all__ = ["Passwords", "Verdict"]

T = TypeVar("T")

_MAX_INPUT = 1024  # code points; longer than any password, and cheap to normalize


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say whether a password fits; ``rehash`` replaces a hash made with older parameters."""

    fits: bool
    rehash: str | None = None


class Passwords:
    """Keep the argon2id parameters and the threads that hashing runs in.

    One hash takes ``memory_kib`` of memory and about 25 ms of one core with the defaults, the floor
    of OWASP's password storage sheet. ``threads`` run at once (None: one a core) and ``queue`` more
    may wait; 100 logins at once would otherwise take 1.9 GiB and every core.
    """

    def __init__(
        self,
        *,
        memory_kib: int = 19_456,
        passes: int = 2,
        threads: int | None = None,
        queue: int = 32,
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        threads = threads or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._room = threading.Semaphore(threads + queue)
        # Costs as much to verify as a real one, and no password fits.
        salt, digest = (base64.b64encode(bytes(size)).rstrip(b"=").decode() for size in (16, 32))
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${digest}"

    async def hash(self, password: str) -> str:
        """Hash a password that the rules accept; the text names algorithm, parameters and salt.

        Raises Unavailable when too many wait already.
        """
        return await self._run(lambda: self._hasher.hash(normalized_password(password)))

    async def verify(self, hashed: str | None, password: str) -> Verdict:
        """Tell whether the password fits the hash; any text may be tried.

        ``hashed`` None (no such user) takes as long and never fits. Raises Unavailable when too
        many wait already.
        """
        return await self._run(lambda: self._verify(hashed or self._nobody, password))

    def _verify(self, hashed: str, password: str) -> Verdict:
        try:
            tried = normalized_password(password[:_MAX_INPUT]).encode()
        except UnicodeEncodeError:
            # A lone surrogate is in no password, but must not answer faster than a wrong one.
            hashed, tried = self._nobody, b""
        try:
            self._hasher.verify(hashed, tried)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return Verdict(fits=False)
        if self._hasher.check_needs_rehash(hashed):
            return Verdict(fits=True, rehash=self._hasher.hash(tried))
        return Verdict(fits=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            message = "Too many people are logging in right now; try again shortly."
            raise Unavailable(message)
        # Released by the future itself: a caller who was cancelled still occupies its thread.
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let what runs finish, drop what waits, and end the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
