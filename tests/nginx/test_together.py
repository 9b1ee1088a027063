"""Official SDKs through TLS, each on another replica: one list, live, for all."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser

from tests.nginx.conftest import Arrive, Connect, StartNginx
from tests.servers.nginx import Nginx
from tests.web import visitor as page

pytestmark = pytest.mark.xdist_group("nginx")


async def test_every_replica_shows_one_list(
    edge: Nginx,
    addresses: list[str],
    start_nginx: StartNginx,
    arrive: Arrive,
    connect: Connect,
) -> None:
    """Three devices on three replicas get every change once, in order, written through any."""
    ann, bob = await arrive(edge, "ann"), await arrive(edge, "bob")
    shared = await ann.make_list()
    await ann.share(shared, bob)
    channel = f"list:{shared}"
    owners = zip(addresses, ("python", "javascript", "javascript"), (ann, ann, bob), strict=True)
    devices = [
        await connect(sdk, owner, through=start_nginx(address)) for address, sdk, owner in owners
    ]
    heads = []
    for device in devices:
        await device.do("subscribe", channel=channel)
        told = await device.event("subscribed", side="client", channel=channel)
        heads.append(told["streamPosition"]["offset"])

    await asyncio.gather(*(ann.add_todo(shared, f"todo {n}") for n in range(30)))

    assert len(set(heads)) == 1
    last = heads[0] + 30
    for device in devices:
        await device.event("publication", channel=channel, offset=last)
        assert device.offsets(channel) == list(range(heads[0] + 1, last + 1))
    seen = await devices[0].do("presence", channel=channel)
    assert {info["user"] for info in seen["clients"].values()} == {ann.id, bob.id}


async def test_what_was_acknowledged_is_read_from_every_replica(
    edge: Nginx, arrive: Arrive
) -> None:
    """Whichever replica answers, it knows every write that was answered before."""
    ann = await arrive(edge)
    own = await ann.make_list()

    for _ in range(20):
        written = await ann.add_todo(own)
        assert (await ann.position(own))["offset"] >= written["offset"]

    answered = [line for line in edge.lines() if line["path"].startswith(f"/api/v1/lists/{own}")]
    assert len({line["replica"] for line in answered}) == 3


async def test_the_page_works_behind_nginx(edge: Nginx, browser: Browser) -> None:
    """Files from Nginx, the rest from the replicas: two people see each change, nothing refused."""
    context = {"ignore_https_errors": True}
    ann = await page.Visitor.register(browser, edge.origin, "ann", **context)
    bo = await page.Visitor.register(browser, edge.origin, "bo", **context)
    await ann.make_list("Groceries")
    await ann.share_with(bo)
    await bo.accept("Groceries")
    await bo.add("milk")
    await ann.sees_open("milk")
    # Over TLS the refresh token is kept under the name that only this very host can set.
    [cookie] = await ann.context.cookies()
    assert (cookie["name"], cookie["secure"]) == ("__Host-lockstep_refresh", True)
    for visitor in (ann, bo):
        await visitor.is_unharmed()
        await visitor.context.close()
