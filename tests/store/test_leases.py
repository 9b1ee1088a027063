"""Tests of dividing work among processes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Pool
from store.leases import Leases, claim
from store.store import Store

NAMES = st.sampled_from("abcde")


@given(
    st.sets(NAMES, min_size=1),
    st.integers(1, 20),
    st.dictionaries(st.integers(0, 19), NAMES),
)
def test_after_everybody_had_a_turn_all_pieces_are_held_once_and_fairly(
    holders: set[str], pieces: int, taken: dict[int, str]
) -> None:
    """From any division among any who live, two rounds arrive at a fair one."""
    taken = {piece: who for piece, who in taken.items() if piece < pieces and who in holders}
    for _ in range(2):
        for holder in sorted(holders):
            made = claim(holder, holders, pieces, taken)
            for piece in made.released:
                del taken[piece]
            taken |= dict.fromkeys(made.held, holder)
    assert set(taken) == set(range(pieces))
    counts = [list(taken.values()).count(holder) for holder in holders]
    assert max(counts) - min(counts) <= 1


@given(st.dictionaries(st.integers(0, 9), NAMES))
def test_what_another_holds_is_left_to_it(taken: dict[int, str]) -> None:
    """A newcomer takes only what is free."""
    made = claim("new", set(taken.values()), 10, taken)
    assert not made.held & set(taken)
    assert made.released == frozenset()


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Name a database of the only engine that several processes share."""
    return postgresql_url


def _leases(store: Store, holder: str) -> Leases:
    return Leases(store.database, "graph", 8, holder)


async def test_one_process_holds_everything_until_another_comes(store: Store) -> None:
    """The second waits until the first lets go of half; when one ends, the other takes over."""
    first, second = _leases(store, "first"), _leases(store, "second")
    assert await first.renew() == frozenset(range(8))
    assert await second.renew() == frozenset()
    half = await first.renew()
    assert len(half) == 4
    assert await second.renew() == frozenset(range(8)) - half
    await second.release()
    assert await first.renew() == frozenset(range(8))


async def test_many_at_once_never_hold_the_same_piece(store: Store) -> None:
    """Processes that divide at the same moment do so one after another."""
    all_of_them = [_leases(store, f"worker {number}") for number in range(3)]
    await asyncio.gather(*(each.renew() for each in all_of_them))
    held = await asyncio.gather(*(each.renew() for each in all_of_them))
    assert sorted(piece for pieces in held for piece in pieces) == list(range(8))


async def test_what_was_not_renewed_is_free(store: Store) -> None:
    """A process that died loses its pieces when their time is over."""
    await _leases(store, "dead").renew()

    async def age(connection: AsyncConnection) -> None:
        await connection.execute(
            text("UPDATE leases SET expires_at = expires_at - interval '11 seconds'")
        )

    await store.database.transact(Pool.WORKER, None, age)
    assert await _leases(store, "alive").renew() == frozenset(range(8))
