"""The same transaction without the service: what this PostgreSQL can do at most."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path

from bench.site import Site
from tests.servers.person import Person
from tests.servers.replica import Replica

__all__ = ["pgbench"]

_SECONDS = 2

# What the service's connections set (see store.engines).
_OPTIONS = "-c role=lockstep_app -c plan_cache_mode=force_generic_plan -c jit=off"

# `group` todos in one call of the function that the service calls; entry and answer have the size
# of real ones.
_SCRIPT = """\
\\set before :head
\\set head :head + {group}
SELECT lockstep_commit(
    ('{prefix}' || lpad((:client_id)::text, 4, '0'))::uuid, :before, :head,
    array_agg('{actor}'::uuid), array_agg(:before + n), array_agg('todo.created'::text),
    array_agg(convert_to(rpad('entry ', 680, 'x'), 'UTF8')), array_agg(NULL::text),
    array_agg(gen_random_uuid()), array_agg(convert_to(rpad('digest', 32, 'x'), 'UTF8')),
    array_agg(201::smallint), array_agg(convert_to(rpad('answer ', 640, 'x'), 'UTF8')),
    jsonb_agg(jsonb_build_object(
        'id', gen_random_uuid(),
        'list_id', '{prefix}' || lpad((:client_id)::text, 4, '0'),
        'created_by', '{actor}', 'created_by_name', 'somebody', 'created_at', now(),
        'title', 'Buy two litres of milk', 'notes', '', 'completed', false, 'priority', 'none',
        'labels', '[]'::jsonb, 'assignees', '[]'::jsonb, 'blocked_by', '[]'::jsonb,
        'position', lpad((:before + n)::text, 12, '0'), 'updated_at', now(),
        'log_offset', :before + n, 'writers', '{{}}'::jsonb)), NULL, true)
FROM generate_series(1, {group}) AS n
"""


async def pgbench(
    site: Site, replica: Replica, database: str, person: Person, *, clients: int, group: int
) -> float:
    """Give the todos a second that pgbench creates, each client on a list of its own.

    ``group`` todos share each transaction. Raises RuntimeError when pgbench fails or a group was
    not written.
    """
    prefix = os.urandom(14).hex()
    prefix = f"{prefix[:8]}-{prefix[8:12]}-4{prefix[13:16]}-8{prefix[17:20]}-{prefix[20:28]}"
    lists = [f"{prefix}{number:04}" for number in range(clients)]
    for list_id in lists:
        await person.call("POST", "/lists", {"id": list_id, "title": "Shopping"})
    head = (await person.position(lists[0]))["offset"]
    script = replica.directory / f"commit-{group}.sql"
    script.write_text(_SCRIPT.format(prefix=prefix, actor=person.id, group=group))
    argv: list[str | Path] = [site.postgresql.binaries / "pgbench", "--no-vacuum"]
    argv += ["-M", "prepared", "-c", str(clients), "-T", str(_SECONDS), "-D", f"head={head}"]
    argv += ["-f", script, site.postgresql.url(database)]
    done = await asyncio.to_thread(
        subprocess.run,
        argv,
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS + 30,
        env=os.environ | {"PGOPTIONS": _OPTIONS},
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr)
    offset = (await person.position(lists[0]))["offset"]
    written = int(re.findall(r"actually processed: (\d+)", done.stdout)[0]) * group
    total = sum([(await person.position(each))["offset"] - head for each in lists])
    if total != written or offset == head:
        raise RuntimeError(f"pgbench wrote {total} todos, not {written}")
    return float(found.group(1)) * group
