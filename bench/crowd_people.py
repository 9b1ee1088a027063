"""Many people at once: written into the database, their tokens signed here.

Registering two hundred through the service would take half a minute of password hashing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from bench.site import Site
from http_api.tokens import AccessTokens, access_keys
from store.actor import Actor
from tests.servers.person import Person
from tests.servers.replica import SECRET_KEY, Replica

__all__ = ["Crowd", "make_crowd"]

_TTL_S = 7_200


@dataclass(frozen=True)
class Crowd:
    """Hold people who share a list; ``owner`` made it, ``position`` is where it stood then."""

    people: tuple[Person, ...]
    list_id: str
    epoch: str
    offset: int

    @property
    def owner(self) -> Person:
        """The one who made the list."""
        return self.people[0]

    def greetings(self) -> tuple[str, ...]:
        """Give each one's first message: connect, and follow the list from a position."""
        return tuple(
            f'{{"id":1,"connect":{{"token":"{person.access_token}"}}}}\t'
            f'{{"id":2,"subscribe":{{"channel":"list:{self.list_id}","recover":true,'
            f'"epoch":"{self.epoch}","offset":$offset}}}}'
            for person in self.people
        )


async def make_crowd(site: Site, replica: Replica, database: str, count: int) -> Crowd:
    """Make ``count`` people (at most 200) and a list that all of them may edit."""
    tokens = AccessTokens(access_keys(SECRET_KEY.encode()), ttl_s=_TTL_S)
    people = [_person(replica, tokens, number) for number in range(count)]
    rows = ", ".join(
        f"('{each.id}', '{each.username}', '{each.username}', '{uuid.uuid4()}', now())"
        for each in people
    )
    site.postgresql.sql(
        f"INSERT INTO users (id, username, name_key, inbox_id, created_at) VALUES {rows}",
        database=database,
    )
    (list_id,) = await site.shared_lists(people, 1)
    position: dict[str, Any] = await people[0].position(list_id)
    return Crowd(tuple(people), list_id, position["epoch"], position["offset"])


def _person(replica: Replica, tokens: AccessTokens, number: int) -> Person:
    user = Actor(uuid.uuid4(), f"c{number}-{uuid.uuid4().hex[:12]}", uuid.uuid4())
    return Person(replica, user.username, str(user.id), tokens.issue(user))
