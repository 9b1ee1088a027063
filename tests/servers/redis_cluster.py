"""A real Redis Cluster on free loopback ports, keeping nothing but who owns what."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.deadline import wait_until
from tests.servers.missing import program
from tests.servers.ports import free_port
from tests.servers.process import Process
from tests.servers.redis import RedisServer
from tests.servers.run import Run

__all__ = ["SLOTS", "ClusterNode", "RedisCluster"]

SLOTS = 16_384


@dataclass
class ClusterNode(RedisServer):
    """Hold one server of a cluster; what it knows of the others is in its directory."""

    bus_port: int = field(default_factory=free_port)
    directory: Path = Path()

    def launch(self, run: Run) -> None:
        """Start the server on its ports (again, after a stop or a kill)."""
        self.process = Process(
            run,
            "redis-cluster",
            [program("redis-server", package="redis-server"), "--bind", "127.0.0.1",
             "--port", str(self.port), "--cluster-enabled", "yes",
             "--cluster-port", str(self.bus_port), "--cluster-config-file", "nodes.conf",
             # Long enough for a busy machine, short enough for a test to wait for a failover.
             "--cluster-node-timeout", "2000", "--cluster-replica-validity-factor", "0",
             "--dir", str(self.directory), "--save", "", "--appendonly", "no", *self.options],
        )  # fmt: skip
        self.process.wait_until_ready(self.is_ready)

    @property
    def id(self) -> str:
        """Its name in the cluster."""
        return self.command("CLUSTER", "MYID").split("\r\n")[1]


@dataclass
class RedisCluster:
    """Hold the servers of one cluster: first the masters, in the order of their slots."""

    nodes: list[ClusterNode]

    @classmethod
    def start(cls, run: Run, *, masters: int = 3, replicas: int = 0) -> RedisCluster:
        """Start ``masters`` that share the slots, and ``replicas`` of the first of them."""
        nodes = []
        for _ in range(masters + replicas):
            directory = Path(tempfile.mkdtemp(prefix="redis-cluster-", dir=run.directory))
            node = ClusterNode(free_port(), directory=directory)
            node.launch(run)
            nodes.append(node)
        for number, node in enumerate(nodes):
            node.command("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            if number < masters:
                first, end = (SLOTS * part // masters for part in (number, number + 1))
                node.command("CLUSTER", "ADDSLOTSRANGE", str(first), str(end - 1))
            first_node = nodes[0]
            if node is not first_node:
                node.command(
                    "CLUSTER", "MEET", "127.0.0.1", str(first_node.port), str(first_node.bus_port)
                )
        made = cls(nodes)
        wait_until(made._knows_itself, "the cluster knows its servers", within_s=30)
        for node in nodes[masters:]:
            node.command("CLUSTER", "REPLICATE", nodes[0].id)
        wait_until(lambda: made.is_ready(replicas), "the cluster is ready", within_s=30)
        return made

    @property
    def url(self) -> str:
        """Its address: two of its servers."""
        named = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return f"redis+cluster://{named}"

    def move_slot(self, slot: int, to: ClusterNode) -> None:
        """Give a slot to another master, as the end of a migration does."""
        for node in [to, *(node for node in self.nodes if node is not to)]:
            node.command("CLUSTER", "SETSLOT", str(slot), "NODE", to.id)

    def is_ready(self, replicas: int = 0) -> bool:
        """Tell whether every server finds the cluster whole, and the replicas follow."""
        whole = all("cluster_state:ok" in node.command("CLUSTER", "INFO") for node in self.nodes)
        following = self.nodes[0].command("INFO", "replication")
        return whole and f"connected_slaves:{replicas}" in following

    def stop(self) -> None:
        """End all servers and remove what they wrote."""
        for node in self.nodes:
            if node.process is not None:
                node.process.kill()
            shutil.rmtree(node.directory, ignore_errors=True)

    def _knows_itself(self) -> bool:
        known = f"cluster_known_nodes:{len(self.nodes)}"
        return all(known in node.command("CLUSTER", "INFO") for node in self.nodes)
