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

__all__ = ["Crowd", "greet_strangers", "make_crowd"]

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


def greet_strangers(site: Site, database: str, count: int) -> tuple[str, ...]:
    """Make ``count`` people and lists of 200 members each; give each one's first message."""
    rows = site.postgresql.sql(
        f"""
        INSERT INTO users (id, username, name_key, inbox_id, created_at)
            SELECT gen_random_uuid(), 'd' || n, 'd' || n, gen_random_uuid(), now()
            FROM generate_series(0, {count - 1}) AS n;
        CREATE TEMP TABLE places AS
            SELECT users.id AS user_id, username, substr(username, 2)::int / 200 AS part
            FROM users WHERE username ~ '^d[0-9]+$';
        CREATE TEMP TABLE made AS
            SELECT gen_random_uuid() AS id, part FROM places GROUP BY part;
        INSERT INTO logs (kind, log_id, head) SELECT 0, id, 0 FROM made;
        INSERT INTO lists (id, title, created_by, created_at)
            SELECT id, 'Shopping', (SELECT user_id FROM places LIMIT 1), now() FROM made;
        INSERT INTO members (list_id, user_id, username, role, joined_offset)
            SELECT made.id, user_id, username, 'editor', 0 FROM places JOIN made USING (part);
        SELECT user_id, username, made.id FROM places JOIN made USING (part);
        """,
        database=database,
    )
    tokens = AccessTokens(access_keys(SECRET_KEY.encode()), ttl_s=_TTL_S)
    greetings = []
    for user_id, username, list_id in (row.split("|") for row in rows):
        token = tokens.issue(Actor(uuid.UUID(user_id), username, uuid.uuid4()))
        greetings.append(
            f'{{"id":1,"connect":{{"token":"{token}"}}}}\t'
            f'{{"id":2,"subscribe":{{"channel":"list:{list_id}"}}}}'
        )
    return tuple(greetings)


def _person(replica: Replica, tokens: AccessTokens, number: int) -> Person:
    user = Actor(uuid.uuid4(), f"c{number}-{uuid.uuid4().hex[:12]}", uuid.uuid4())
    return Person(replica, user.username, str(user.id), tokens.issue(user))
