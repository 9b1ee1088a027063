"""Hold how often passwords may be guessed."""

from __future__ import annotations

from contextlib import suppress

import pytest

from http_api.login_limits import LoginLimits
from store.errors import Forbidden, NotFound, TooMany, Unauthenticated


class Guesser:
    """Try passwords at a time that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.limits = LoginLimits(now=lambda: self.now)

    def fails(self, username: str = "ann", address: str = "192.0.2.1") -> bool:
        """Try a wrong password; tell whether it was tried at all."""
        tried = False
        with suppress(TooMany, Unauthenticated), self.limits.attempt(username, address):
            tried = True
            raise Unauthenticated
        return tried

    def succeeds(self, username: str = "ann", address: str = "192.0.2.1") -> bool:
        """Try the right password; tell whether it was tried at all."""
        try:
            with self.limits.attempt(username, address):
                return True
        except TooMany:
            return False


@pytest.fixture
def guesser() -> Guesser:
    """Give a guesser who has not tried yet."""
    return Guesser()


def test_five_wrong_ones_a_minute_for_an_account_from_an_address(guesser: Guesser) -> None:
    """The sixth waits until the first is a minute old; other accounts and addresses go on."""
    for _ in range(5):
        assert guesser.fails()
        guesser.now += 1
    assert not guesser.fails()
    assert not guesser.succeeds()
    assert guesser.succeeds(address="192.0.2.2")
    assert guesser.succeeds(username="ben")
    guesser.now += 55
    assert guesser.fails()
    assert not guesser.fails()


def test_the_wait_is_told_in_whole_seconds(guesser: Guesser) -> None:
    """Whoever waits as long as it says is let in."""
    for _ in range(5):
        guesser.fails()
    guesser.now += 0.5
    with pytest.raises(TooMany) as refused, guesser.limits.attempt("ann", "192.0.2.1"):
        pass
    assert refused.value.retry_after_s == 60
    guesser.now += refused.value.retry_after_s
    assert guesser.succeeds()


def test_twenty_a_minute_from_an_address(guesser: Guesser) -> None:
    """Trying one password on many accounts is guessing, too."""
    assert sum(guesser.fails(username=f"user{number}") for number in range(50)) == 20
    assert not guesser.succeeds(username="another")


def test_a_hundred_an_hour_for_an_account(guesser: Guesser) -> None:
    """Many addresses together get no further."""
    tried = 0
    for number in range(150):
        tried += guesser.fails(address=f"192.0.2.{number}")
        guesser.now += 10
    assert tried == 100
    guesser.now += 3_600
    assert guesser.fails()


def test_another_spelling_of_a_name_is_the_same_account(guesser: Guesser) -> None:
    """Case and width do not begin a new count."""
    for name in ("ann", "Ann", "ANN", "ａｎｎ", "aNN"):
        assert guesser.fails(username=name)
    assert not guesser.fails(username="anN")


def test_right_passwords_are_not_counted(guesser: Guesser) -> None:
    """A script that logs in all day is no guesser; nor does a right one forgive the wrong ones."""
    assert all(guesser.succeeds() for _ in range(1_000))
    for _ in range(4):
        guesser.fails()
    assert guesser.succeeds()
    assert guesser.fails()
    assert not guesser.succeeds()


def test_other_refusals_are_not_counted(guesser: Guesser) -> None:
    """Only a wrong password is a guess: not an overload, not a mistake of ours."""
    for error in (TimeoutError, NotFound, KeyError) * 10:
        with pytest.raises(error), guesser.limits.attempt("ann", "192.0.2.1"):
            raise error
    for _ in range(5):
        with pytest.raises(Forbidden), guesser.limits.attempt("ann", "192.0.2.1"):
            raise Forbidden
    assert not guesser.succeeds()


def test_guesses_under_way_count_already(guesser: Guesser) -> None:
    """A thousand at once are no way around."""
    under_way = [guesser.limits.attempt("ann", "192.0.2.1") for _ in range(5)]
    for one in under_way:
        one.__enter__()
    assert not guesser.succeeds()
    for one in under_way:
        one.__exit__(None, None, None)
    assert guesser.succeeds()


def test_memory_is_bounded(guesser: Guesser) -> None:
    """Inventing names and addresses costs the guesser more than us."""
    for number in range(30_000):
        guesser.fails(username=f"user{number}", address=f"address {number}")
    assert len(guesser.limits._tries) <= 20_000


def test_the_limits_can_be_off() -> None:
    """For load tests behind a closed door."""
    limits = LoginLimits(enabled=False)
    for _ in range(1_000):
        with pytest.raises(Unauthenticated), limits.attempt("ann", "192.0.2.1"):
            raise Unauthenticated
