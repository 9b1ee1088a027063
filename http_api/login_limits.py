"""Bound how often a password may be tried wrongly, for an account and from an address."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from store.errors import Forbidden, TooMany, Unauthenticated
from store.usernames import name_key

__all__ = ["LoginLimits"]

# (what is counted, tries, seconds): the shorter ones stop a guesser, the last one a crowd of them.
_PER_BOTH: Final = (5, 60.0)
_PER_ADDRESS: Final = (20, 60.0)
_PER_ACCOUNT: Final = (100, 3_600.0)
_KEPT: Final = 20_000  # keys; about 6 MB, and the longest untouched goes first


class LoginLimits:
    """Count wrong passwords in a sliding window: 5 a minute for an account from an address.

    Also 20 a minute from an address, whatever the account, and 100 an hour for an account, whatever
    the address. A right password is not counted, so nobody is kept out by logging in often. Each
    replica counts for itself. ``enabled`` False: nothing is counted.
    """

    def __init__(self, *, enabled: bool = True, now: Callable[[], float] = time.monotonic) -> None:
        self._enabled = enabled
        self._now = now
        self._tries: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    @contextmanager
    def attempt(self, username: str, address: str) -> Iterator[None]:
        """Try a password inside this block; a refusal for a wrong one counts.

        The try counts from its beginning, so that a thousand at once are no way around; it is taken
        back unless the password was wrong. Raises TooMany with the seconds to wait.
        """
        if not self._enabled:
            yield
            return
        account = name_key(username[:256])
        windows = (
            (("both", account, address), *_PER_BOTH),
            (("address", address), *_PER_ADDRESS),
            (("account", account), *_PER_ACCOUNT),
        )
        now = self._now()
        wait_s = max(self._wait(key, tries, span_s, now) for key, tries, span_s in windows)
        if wait_s > 0:
            message = "Too many wrong passwords; wait before trying again."
            raise TooMany(message, retry_after_s=math.ceil(wait_s))
        for key, _, _ in windows:
            self._of(key).append(now)
        wrong = False
        try:
            yield
        except (Unauthenticated, Forbidden):
            wrong = True
            raise
        finally:
            if not wrong:
                for key, _, _ in windows:
                    self._take_back(key, now)

    def _of(self, key: tuple[str, ...]) -> deque[float]:
        found = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        if len(self._tries) > _KEPT:
            self._tries.popitem(last=False)
        return found

    def _wait(self, key: tuple[str, ...], tries: int, span_s: float, now: float) -> float:
        """Give the seconds until another try fits into the window; 0: now."""
        made = self._tries.get(key)
        if made is None:
            return 0.0
        while made and made[0] <= now - span_s:
            made.popleft()
        return made[-tries] + span_s - now if len(made) >= tries else 0.0

    def _take_back(self, key: tuple[str, ...], moment: float) -> None:
        made = self._tries.get(key)
        if made is not None and moment in made:
            made.remove(moment)
            if not made:
                del self._tries[key]
