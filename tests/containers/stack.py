"""What docker-compose.yml describes, run by podman as far as one machine without images can.

Lockstep's own services run from their images, exactly as described: user, read-only root, memory,
secrets, socket volume. PostgreSQL and Redis are this machine's; so the network is this machine's,
too, and Neo4j is absent.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from tests.containers.compose import DEVELOPMENT, PRODUCTION, ROOT, load
from tests.containers.databases import Databases
from tests.containers.podman import Container, Podman
from tests.servers.ports import free_port

NAME = "localhost"


@dataclass
class Stack:
    """Hold the containers that were started, and what they need.

    ``source`` is the checkout that development mounts.
    """

    podman: Podman
    databases: Databases
    directory: Path
    development: bool = False
    source: Path = ROOT
    port: int = field(default_factory=free_port)
    containers: dict[str, Container] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mark = uuid.uuid4().hex[:8]
        self.tls = self.directory / "tls"
        given = {"EDGE_SERVER_NAME": NAME, "EDGE_HOST": f"{NAME}:{self.port}"}
        files = (PRODUCTION, DEVELOPMENT) if self.development else (PRODUCTION,)
        self.whole = load(*files, **given)

    # What a client of the whole needs to know; see tests.nginx.visitor.

    @property
    def origin(self) -> str:
        """Its address, without a path."""
        return f"https://{NAME}:{self.port}"

    @property
    def websocket(self) -> str:
        """The address of the socket."""
        return f"wss://{NAME}:{self.port}/connection/websocket"

    def trust(self) -> ssl.SSLContext:
        """Give what a client needs to believe in the certificate."""
        return ssl.create_default_context(cafile=str(self.directory / "authority.pem"))

    def prepare(self) -> None:
        """Make the certificate and the volume of sockets."""
        self.tls.mkdir(parents=True)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.directory / "authority.pem")
        certificate = authority.issue_cert(NAME)
        certificate.cert_chain_pems[0].write_to_path(self.tls / "fullchain.pem")
        key = self.tls / "privkey.pem"
        certificate.private_key_pem.write_to_path(key)
        os.chown(key, 10002, 10002)
        key.chmod(0o400)
        options = dict(self.whole["volumes"]["sockets"]["driver_opts"])
        # Podman takes a size for a quota of its own, which few file systems have.
        options["o"] = options["o"].removeprefix("size=1m,")
        words = [word for name, value in options.items() for word in ("--opt", f"{name}={value}")]
        self.podman.do("volume", "create", *words, self._volume("sockets"))

    async def start(self, *names: str, **environment: str) -> None:
        """Start services beside one another and wait until those with a health check live."""
        for name in names:
            service = self.whole["services"][name]
            target = "edge" if name == "edge" else "service"
            options = [*self._options(service), *_set(environment)]
            command = service.get("command", [])
            self.containers[name] = self.podman.start(name, target, options, *command)
        for name in names:
            if self.whole["services"][name]["healthcheck"] != {"disable": True}:
                await self.until_alive(name)

    async def until_alive(self, name: str) -> None:
        """Wait until the health check of a service is content, at most a minute."""
        await asyncio.to_thread(self.containers[name].until_alive)

    async def finish(self, name: str, *command: str) -> int:
        """Run a service to its end, with another command if one is given; give its exit status."""
        service = self.whole["services"][name]
        words = command or service["command"]
        container = self.podman.start(name, "service", self._options(service), *words)
        self.containers[name] = container
        return await asyncio.to_thread(container.ended)

    async def stop(self, name: str) -> int:
        """Ask a service to end and give its exit status; see :meth:`Container.stop`."""
        return await asyncio.to_thread(self.containers[name].stop)

    def _options(self, service: dict[str, Any]) -> list[str]:
        """Say to podman what the compose file says to the engine."""
        words = ["--network=host", f"--user={service['user']}"]
        if service["read_only"]:
            words += ["--read-only", "--read-only-tmpfs=false"]
        words += [f"--cap-drop={name}" for name in service["cap_drop"]]
        words += [f"--security-opt={one.partition(':')[0]}" for one in service["security_opt"]]
        words += [f"--pids-limit={service['pids_limit']}", f"--memory={service['mem_limit']}"]
        words.append(f"--cpu-shares={service.get('cpu_shares', 1024)}")
        words += [f"--tmpfs={place}" for place in service["tmpfs"]]
        words += _set(service["environment"])
        words += [f"--volume={self._mounted(volume)}" for volume in service.get("volumes", [])]
        for name in service.get("secrets", []):
            words.append(f"--volume={self.databases.secrets / name}:/run/secrets/{name}:ro")
        return words

    def _mounted(self, volume: str | dict[str, Any]) -> str:
        if isinstance(volume, str):
            name, _, place = volume.partition(":")
            return f"{self._volume(name)}:{place}"
        outside = {"./containers/tls": self.tls, "./containers/acme": self.tls}
        source = outside.get(volume["source"]) or self.source / volume["source"]
        return f"{source}:{volume['target']}:ro"

    def _volume(self, name: str) -> str:
        return f"{name}-{self.mark}"

    def close(self) -> None:
        """End everything, and remove what it kept."""
        for container in self.containers.values():
            container.close()
        self.podman.do("volume", "rm", "--force", self._volume("sockets"))
        shutil.rmtree(self.directory, ignore_errors=True)


def _set(environment: dict[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in environment.items()]
