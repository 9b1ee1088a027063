"""The images are built from Debian's and Python's packages, and run as the compose file says."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import time
from typing import cast

import pytest

from tests.containers.compose import ROOT
from tests.containers.podman import CANARY, Podman, image
from tests.containers.stack import NAME, Stack
from tests.docs.pages import page
from tests.nginx.visitor import Visitor
from tests.servers.deadline import eventually
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.python_client import PythonClient
from tests.servers.run import Run

# Making the base and both images takes 80 s the first time on a machine, 10 s from then on.
pytestmark = [pytest.mark.xdist_group("images"), pytest.mark.timeout(600)]

HARDENED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all",
            "--security-opt=no-new-privileges", "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m",
            "--network=none", "--pids-limit=128", "--memory=768m"]  # fmt: skip
REPLICAS = ("replica-1", "replica-2", "replica-3")
PAGE = (ROOT / "http_api" / "web" / "index.html").read_text()
[RELOAD] = re.findall(
    r"compose exec edge (nginx .+ reload)$", page("docs/production.md"), re.MULTILINE
)
READY = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/health/ready').read())"


@pytest.mark.parametrize("target", ["service", "edge"])
def test_an_image_holds_what_it_needs_and_no_secret(podman: Podman, target: str) -> None:
    """Nothing that builds, nothing of a checkout's secrets, nothing that its user could change."""
    # Not read-only: here it is the files' own rights that count.
    options = ["--cap-drop=all", "--network=none", "--entrypoint=/bin/sh"]
    looked = (
        f"! grep -rlI {CANARY} /opt /etc /var /run /home /root /srv /usr/local 2>/dev/null;"
        " ! command -v gcc cc make pip pip3 curl wget git;"
        " find /opt /usr /etc -xdev -writable ! -type l 2>/dev/null | head -3;"
        " id -u"
    )
    user = {"service": "10001", "edge": "10002"}[target]
    container = podman.start(f"look-{target}", target, options, "-c", looked)
    try:
        assert container.ended() == 0
        assert container.process.log().splitlines() == [user]
    finally:
        container.close()
    environment = podman.do("image", "inspect", "--format", "{{json .Config.Env}}", image(target))
    assert not [one for one in json.loads(environment) if "SECRET" in one or "CERT" in one]


def test_one_container_is_a_whole_service(podman: Podman, run: Run) -> None:
    """SQLite in a volume: ready, alive by its own check, ended by SIGTERM within 20 s, status 0."""
    volume = f"lists-{run.directory.name}"
    podman.do("volume", "create", volume)
    options = [*HARDENED, f"--volume={volume}:/var/lib/lockstep"]
    try:
        for _ in range(2):  # the second time on what the first one left
            container = podman.start("embedded", "service", options)
            try:
                container.until_alive()
                assert '"status":"ready"' in container.execute("python3", "-c", READY)
                began = time.monotonic()
                assert container.stop() == 0
                assert time.monotonic() - began < 20
            finally:
                container.close()
    finally:
        podman.do("volume", "rm", "--force", volume)


# A client whose proxy goes away while it connects may leave its transport to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_compose_file_s_services_serve_together(stack: Stack) -> None:
    """Migrated, three replicas behind Nginx over TLS; all replaced, one by one, unnoticed."""
    assert await stack.finish("migrate") == 0
    assert "empty → " in stack.containers["migrate"].process.log()
    await stack.start(*REPLICAS, "worker")
    plain = free_port()
    await stack.start(
        "edge",
        EDGE_HTTPS_LISTEN=f"127.0.0.1:{stack.port}",
        EDGE_HTTP_LISTEN=f"127.0.0.1:{plain}",
    )
    ann = await Visitor.arrive(cast(Nginx, stack))
    device = PythonClient()
    device.answers["token"] = ann.refresh
    try:
        shown = await ann.http.get(f"{stack.origin}/")
        assert (shown.status_code, shown.text) == (200, PAGE)
        sent_on = await ann.http.get(f"http://{NAME}:{plain}/docs")
        assert sent_on.headers["location"] == f"{stack.origin}/docs"

        shared = await ann.make_list()
        channel = f"list:{shared}"
        options = {"ssl_context": stack.trust()}
        await device.do("connect", url=stack.websocket, token=ann.access_token, options=options)
        await device.event("connected")
        await device.do("subscribe", channel=channel)
        told = await device.event("subscribed", side="client", channel=channel)
        head = told["streamPosition"]["offset"]

        # As docs/production.md upgrades.
        assert await stack.finish("migrate", "migrate", "--before") == 0
        for name in REPLICAS:
            began = time.monotonic()
            assert await stack.stop(name) == 0
            assert time.monotonic() - began < 20
            await asyncio.gather(*(ann.add_todo(shared, f"without {name}") for _ in range(20)))
            await stack.start(name)
        assert await stack.finish("migrate") == 0
        stack.containers["edge"].execute(*RELOAD.split())
        await asyncio.gather(*(ann.add_todo(shared, f"todo {n}") for n in range(20)))

        await device.event("publication", channel=channel, offset=head + 80)
        assert device.offsets(channel) == list(range(head + 1, head + 81))
    finally:
        await device.aclose()
        await ann.http.aclose()
    made = "echo long enough a phrase | lockstep user create boss --admin --password-stdin"
    stack.containers["replica-1"].execute("sh", "-c", made)
    for name in ("edge", "worker", *REPLICAS):
        assert await stack.stop(name) == 0
    gc.collect()
    # Nothing that they did was beyond their rights in Redis.
    assert stack.databases.refusals() == ""


async def test_development_serves_the_source_as_it_changes(development: Stack) -> None:
    """A replica from mounted source starts again by itself when a file of it changes."""
    stack = development
    assert await stack.finish("migrate") == 0
    await stack.start("replica-1", LOCKSTEP_PORT=str(stack.port), LOCKSTEP_HOST="127.0.0.1")
    process = stack.containers["replica-1"].process
    assert process.log().count("listening") == 1
    (stack.source / "http_api" / "version.py").touch()
    await eventually(lambda: "Reloading" in process.log(), f"a reload in {process.log()}")
    await stack.until_alive("replica-1")
    assert await stack.stop("replica-1") == 0
