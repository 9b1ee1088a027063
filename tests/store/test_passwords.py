"""Hold how passwords are hashed, and that hashing cannot take the machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import Parameters, PasswordHasher, Type, extract_parameters, low_level
from argon2.exceptions import VerifyMismatchError

from store.errors import Unavailable
from store.passwords import Passwords

PASSWORD = "tulip-bench-42"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Give the real thing with the real parameters."""
    made = Passwords()
    yield made
    made.close()


async def test_a_hash_fits_its_password_and_no_other(passwords: Passwords) -> None:
    """The password is accepted however it was composed; another one is not."""
    hashed = await passwords.hash("Zürich tractor")
    assert (await passwords.verify(hashed, "Zu\u0308rich tractor")).fits
    assert not (await passwords.verify(hashed, "Zürich tractoR")).fits


async def test_a_hash_is_argon2id_of_at_least_the_floor(passwords: Passwords) -> None:
    """The floor is m=19456 KiB, t=2, p=1, and every hash has a salt of its own."""
    one, other = await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)
    assert one != other
    assert one.startswith("$argon2id$")
    found = extract_parameters(one)
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19_456, 2, 1)


async def test_a_hash_with_older_parameters_is_replaced_at_login(passwords: Passwords) -> None:
    """Raising the parameters reaches every account with its next login."""
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    verdict = await passwords.verify(old, PASSWORD)
    assert verdict.fits
    assert verdict.rehash is not None
    assert (await passwords.verify(verdict.rehash, PASSWORD)).rehash is None
    assert (await passwords.verify(old, "wrong" + PASSWORD)).rehash is None


async def test_nobody_takes_as_long_as_somebody(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown user costs a whole hash, so time does not tell who exists.

    What is computed is compared, not how long it took: that depends on who else wants the core.
    """
    hashed = await passwords.hash(PASSWORD)
    computed: list[Parameters] = []

    def verify_secret(known: bytes, secret: bytes, kind: Type) -> bool:
        try:
            return low_level.verify_secret(known, secret, kind)
        except VerifyMismatchError:  # a hash that cannot be read is refused at once, otherwise
            computed.append(extract_parameters(known.decode()))
            raise

    monkeypatch.setattr("argon2._password_hasher.verify_secret", verify_secret)
    assert not (await passwords.verify(hashed, "wrong password")).fits
    assert not (await passwords.verify(None, "wrong password")).fits

    known, unknown = computed
    assert unknown == known


@pytest.mark.parametrize("text", ["", "\ud800" * 12, "\x00" * 20, "x" * 1_000_000, "\ufdfa" * 9999])
async def test_any_text_may_be_tried(passwords: Passwords, text: str) -> None:
    """Whatever somebody sends is a wrong password, not an error."""
    hashed = await passwords.hash(PASSWORD)
    assert not (await passwords.verify(hashed, text)).fits
    assert not (await passwords.verify(None, text)).fits


async def test_a_broken_hash_fits_nothing(passwords: Passwords) -> None:
    """A hash that cannot be read refuses its user and breaks nothing."""
    assert not (await passwords.verify("$argon2id$nonsense", PASSWORD)).fits


async def test_more_than_the_queue_holds_is_refused_at_once() -> None:
    """32 wait, the next is told to come back, and there is room again afterwards."""
    passwords = Passwords(threads=1, queue=32, memory_kib=64, passes=1)
    gate = threading.Event()
    blocked = passwords._threads.submit(gate.wait)
    assert passwords._room.acquire(blocking=False)  # the blocker's own place
    waiting = [asyncio.create_task(passwords.verify(None, PASSWORD)) for _ in range(32)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.verify(None, PASSWORD)
    gate.set()
    assert blocked.result(timeout=10)
    passwords._room.release()
    assert len(await asyncio.gather(*waiting)) == 32
    assert not (await passwords.verify(None, PASSWORD)).fits
    passwords.close()


async def test_a_cancelled_login_gives_its_place_back() -> None:
    """People who go away while waiting do not fill the queue for ever."""
    passwords = Passwords(threads=1, queue=2, memory_kib=64, passes=1)
    for _ in range(20):
        task = asyncio.create_task(passwords.verify(None, PASSWORD))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # What a thread had taken up already still runs to its end.
        passwords._threads.submit(int).result(timeout=10)
    assert not (await passwords.verify(None, PASSWORD)).fits
    passwords.close()
