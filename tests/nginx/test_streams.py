"""HTTP streaming through Nginx: nothing is held back, and any replica takes what clients say."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.nginx.conftest import Arrive, Connect, StartNginx
from tests.nginx.load import UNLIMITED
from tests.nginx.mirror import mirror
from tests.nginx.raw import get, send
from tests.nginx.spread import on_every_replica
from tests.servers.deadline import eventually
from tests.servers.nginx import Nginx
from tests.servers.sdk_client import SdkClient
from tests.servers.unix_replica import UnixReplica

pytestmark = pytest.mark.xdist_group("nginx")

_STREAM, _EMULATION = "/connection/http_stream", "/emulation"
_JSON = "Content-Type: application/json"


async def _follow(device: SdkClient, channel: str) -> int:
    """Follow a list; gives its head."""
    await device.do("subscribe", channel=channel)
    told = await device.event("subscribed", side="client", channel=channel)
    return int(told["streamPosition"]["offset"])


async def test_a_stream_is_live_and_every_replica_takes_its_commands(
    edge: Nginx, arrive: Arrive, connect: Connect
) -> None:
    """Replies and entries come while the answer lasts, each once and in order."""
    ann = await arrive(edge)
    own = await ann.make_list()
    channel = f"list:{own}"
    device, other = await connect("stream", ann), await connect("javascript", ann)
    head = await _follow(device, channel)
    await _follow(other, channel)
    before = len(edge.lines())

    for number in range(12):
        data = {"op": str(uuid.uuid4()), "list_id": own, "title": f"todo {number}"}
        await device.do("rpc", method="todo.create", data=data)
    await asyncio.gather(*(ann.add_todo(own) for _ in range(12)))

    for one in (device, other):
        await one.event("publication", channel=channel, offset=head + 24)
        assert one.offsets(channel) == list(range(head + 1, head + 25))
    said = [line for line in edge.lines()[before:] if line["path"] == _EMULATION]
    assert {line["status"] for line in said} == {204}
    assert len({line["replica"] for line in said}) == 3
    seen = (await other.do("presence", channel=channel))["clients"]
    assert len(seen) == 2


@pytest.mark.faults
@pytest.mark.timeout(120)
async def test_streams_outlive_their_replica(
    start_nginx: StartNginx, arrive: Arrive, connect: Connect, trio: list[UnixReplica]
) -> None:
    """Drained or killed: the client comes back through another one and has missed nothing."""
    nginx = start_nginx(*(f"unix:{replica.path}" for replica in trio[:2]), **UNLIMITED)
    ann = await arrive(nginx)
    own = await ann.make_list()
    channel = f"list:{own}"
    devices = await on_every_replica(lambda _: connect("stream", ann), trio[:2])
    heads = [await _follow(device, channel) for device in devices]

    reasons = []
    for replica, fault in ((trio[0], trio[0].stop), (trio[1], trio[1].kill)):
        marks = [len(device.events) for device in devices]
        await fault()
        try:
            await ann.add_todo(own)

            def cut(marks: list[int] = marks) -> list[int]:
                told = [
                    event["code"]
                    for device, mark in zip(devices, marks, strict=True)
                    for event in device.events[mark:]
                    if event["event"] == "connecting"
                ]
                return [*told, 0] if told else []

            reasons.append((await eventually(cut, "somebody notices"))[0])
            last = (await ann.add_todo(own))["offset"]
            for device, head in zip(devices, heads, strict=True):
                await device.event("publication", channel=channel, offset=last, within_s=30)
                assert device.offsets(channel) == list(range(head + 1, last + 1))
        finally:
            await replica.launch()

    assert reasons[0] == 3001  # told before the end
    assert reasons[1] < 3000  # nobody could tell: the SDK's own


def test_a_replica_that_drains_is_passed_over(start_nginx: StartNginx, tmp_path: Path) -> None:
    """To connect changes nothing, so another replica is asked; nobody is sent away."""
    with ExitStack() as stack:
        draining = stack.enter_context(
            mirror(tmp_path / "1.sock", status=HTTPStatus.SERVICE_UNAVAILABLE)
        )
        serving = stack.enter_context(mirror(tmp_path / "2.sock"))
        nginx = start_nginx(draining, serving)
        connect = get(nginx, _STREAM, _JSON, method="POST", body=b"{}")
        assert {send(nginx, connect).status for _ in range(4)} == {200}
        say = get(nginx, _EMULATION, _JSON, method="POST", body=b"{}")
        assert 503 in {send(nginx, say).status for _ in range(4)}  # it may have been taken


def test_messages_stay_in_memory(edge: Nginx) -> None:
    """Up to 256 KiB, without a file; beyond that nobody reads on."""
    before = len(edge.error_log())
    fits = json.dumps({"session": "s", "node": "n", "data": "x" * 262_000}).encode()
    answer = send(edge, get(edge, _EMULATION, _JSON, method="POST", body=fits))
    assert answer.status == 204
    too_large = fits.replace(b"x", b"xx")
    answer = send(edge, get(edge, _EMULATION, _JSON, method="POST", body=too_large))
    assert answer.status == 413
    assert "buffered to a temporary file" not in edge.error_log()[before:]


def test_nothing_secret_is_written_down(edge: Nginx) -> None:
    """Neither log has a session; it stands in bodies only."""
    body = json.dumps({"session": "very-secret", "node": "n", "data": "{}"}).encode()
    assert send(edge, get(edge, _EMULATION, _JSON, method="POST", body=body)).status == 204
    assert "very-secret" not in edge.access_log() + edge.error_log()
