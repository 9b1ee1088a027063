"""The compose files keep what docs/production.md promises of every container."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from http_api.secret_key import why_weak
from http_api.settings import PREFIX, Settings
from nginx.render import defaults
from tests.containers.compose import (
    DEVELOPMENT,
    PRODUCTION,
    ROOT,
    MissingValueError,
    load,
    seconds,
)

WHOLE = load(PRODUCTION, EDGE_SERVER_NAME="todo.example.org")
BOTH = load(PRODUCTION, DEVELOPMENT, EDGE_SERVER_NAME="localhost")
SERVICES: dict[str, Any] = WHOLE["services"]
REPLICAS = ["replica-1", "replica-2", "replica-3"]
OURS = [*REPLICAS, "worker", "migrate"]
DATABASES = ["postgresql", "redis", "neo4j"]
WINDOWS = ["pgadmin", "redisinsight"]
# Every service as production starts it, and the other way as development does.
ALL = [(name, SERVICES[name]) for name in SERVICES]
ALL += [(f"{name} (development)", service) for name, service in BOTH["services"].items()]
every_service = pytest.mark.parametrize(
    "service", [service for _, service in ALL], ids=[name for name, _ in ALL]
)
every_production_service = pytest.mark.parametrize("name", SERVICES)


@pytest.mark.parametrize("path", [PRODUCTION, DEVELOPMENT], ids=lambda path: path.name)
def test_the_schema_of_compose_files_holds(path: Path) -> None:
    """By the Compose Specification's own JSON schema."""
    checked = subprocess.run(
        [Path(sys.executable).parent / "check-jsonschema",
         "--builtin-schema", "vendor.compose-spec", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_parts_are_all_there() -> None:
    """Nginx, three replicas, a worker, the migration, and three databases."""
    assert sorted(SERVICES) == sorted(["edge", *OURS, *DATABASES])
    assert sorted(BOTH["services"]) == sorted([*SERVICES, *WINDOWS])


@every_service
def test_nothing_runs_as_root(service: dict[str, Any]) -> None:
    """By number, so that the engine can tell, too."""
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0


@every_service
def test_nothing_gains_a_privilege(service: dict[str, Any]) -> None:
    """No capability, no way to one, the default seccomp profile, no device, no host's namespace."""
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for name in ("privileged", "devices", "pid", "ipc", "network_mode", "userns_mode", "uts"):
        assert name not in service
    # pgAdmin's Python has a file capability, and does not start in a container without it.
    kept = ["NET_BIND_SERVICE"] if "pgadmin" in service["image"] else None
    assert service.get("cap_add") == kept


@every_production_service
def test_the_root_is_read_only(name: str) -> None:
    """What is written goes to a volume or to memory, of which nothing is executed."""
    service = SERVICES[name]
    assert service["read_only"] is True
    places = [place.split(":") for place in service["tmpfs"]]
    assert "/tmp" in [path for path, _ in places]
    for _, options in places:
        assert {"noexec", "nosuid", "nodev"} <= set(options.split(","))
        assert re.search(r"size=\d+m", options)


@every_service
def test_memory_processes_and_logs_have_an_end(service: dict[str, Any]) -> None:
    """One that runs wild takes neither the machine nor its disk."""
    assert 0 < service["pids_limit"] <= 512
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


@every_production_service
def test_the_graph_gets_the_processor_after_the_others(name: str) -> None:
    """It may be late; a write may not. The engine's ordinary weight is 1024."""
    behind = name in {"worker", "neo4j"}
    assert SERVICES[name].get("cpu_shares", 1024) == (128 if behind else 1024)


@every_service
def test_it_is_started_again_and_ended_in_time(service: dict[str, Any]) -> None:
    """After a crash and a reboot; and with more than the 20 s that a replica may take to drain."""
    once = service.get("command") == ["migrate"]
    assert service["restart"] == ("no" if once else "unless-stopped")
    assert seconds(service["stop_grace_period"]) > 20


@every_service
def test_images_are_pinned(service: dict[str, Any]) -> None:
    """To a whole version; ours to this one."""
    image = service["image"]
    assert re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", image), image
    if "build" in service:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert image.endswith(f":{project['version']}")


@every_service
def test_no_engine_and_no_directory_of_the_machine_is_reached(service: dict[str, Any]) -> None:
    """What is mounted from outside is of this project, and read-only."""
    for volume in service.get("volumes", []):
        assert "docker.sock" not in str(volume)
        if isinstance(volume, dict):
            assert volume["type"] == "bind"
            assert volume["source"].startswith("./")
            assert volume["read_only"] is True
        else:
            assert volume.partition(":")[0] in BOTH["volumes"]


def test_networks_keep_apart_who_has_no_business_with_each_other() -> None:
    """Clients meet Nginx alone; databases have no way out; Redis and PostgreSQL do not meet."""
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert WHOLE["networks"] == {"edge": {}, "app": {"internal": True}, "data": {"internal": True}}
    assert networks == {
        "edge": {"edge"},
        **{name: {"app", "data"} for name in (*REPLICAS, "worker")},
        "migrate": {"data"},
        "postgresql": {"data"},
        "neo4j": {"data"},
        "redis": {"app"},
    }
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["edge"]


def test_development_is_reached_from_this_machine_alone() -> None:
    """Every port that it opens is one of the loopback address."""
    opened = {name: s["ports"] for name, s in BOTH["services"].items() if "ports" in s}
    del opened["edge"]
    assert set(opened) == {"replica-1", *DATABASES, *WINDOWS}
    assert all(port.startswith("127.0.0.1:") for ports in opened.values() for port in ports)
    # A container that is on internal networks alone cannot publish a port.
    assert all("edge" in BOTH["services"][name]["networks"] for name in opened)


def test_it_starts_in_order_of_health() -> None:
    """Database, schema, replicas, Nginx; nothing waits for Redis, Neo4j or the worker."""
    healthy, done = "service_healthy", "service_completed_successfully"
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    schema = {"migrate": done, "postgresql": healthy}
    assert waits == {
        "edge": dict.fromkeys(REPLICAS, healthy),
        **dict.fromkeys([*REPLICAS, "worker"], schema),
        "migrate": {"postgresql": healthy},
        **{name: {} for name in DATABASES},
    }


@every_production_service
def test_health_is_not_readiness(name: str) -> None:
    """A database that is away must not have every replica restarted: liveness alone is asked."""
    check = SERVICES[name]["healthcheck"]
    if name in ("worker", "migrate"):
        assert check == {"disable": True}
        return
    assert "ready" not in " ".join(check["test"]).replace("pg_isready", "")
    assert seconds(check["timeout"]) <= seconds(check["interval"])
    assert check["retries"] >= 2


def test_every_replica_has_a_socket_that_nginx_knows() -> None:
    """In the volume that both mount, where Nginx may only read."""
    paths = [SERVICES[name]["environment"]["LOCKSTEP_UDS"] for name in REPLICAS]
    assert re.findall(r"unix:(\S+)", defaults()["EDGE_REPLICAS"]) == paths
    assert all("sockets:/run/lockstep" in SERVICES[name]["volumes"] for name in REPLICAS)
    assert "sockets:/run/lockstep:ro" in SERVICES["edge"]["volumes"]


@pytest.mark.parametrize("name", [*REPLICAS, "worker"])
def test_who_reads_or_fills_the_graph_reaches_it(name: str) -> None:
    """By the name of its service, on a network that both are on, as the image's only user."""
    environment = SERVICES[name]["environment"]
    where = urlsplit(environment["LOCKSTEP_NEO4J_URL"])
    assert (where.scheme, where.port) == ("bolt", 7687)
    assert set(SERVICES[name]["networks"]) & set(SERVICES[str(where.hostname)]["networks"])
    assert environment["LOCKSTEP_NEO4J_USER"] == "neo4j"


@every_service
def test_every_setting_exists(service: dict[str, Any]) -> None:
    """A misspelt one would have no effect."""
    named = {name for name in service.get("environment", {}) if name.startswith(PREFIX)}
    named |= {name.upper() for name in service.get("secrets", []) if name.startswith("lockstep_")}
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert named <= known
    edge = {name for name in service.get("environment", {}) if name.startswith("EDGE_")}
    assert edge <= set(defaults())


@every_service
def test_secrets_are_files(service: dict[str, Any]) -> None:
    """Nothing in the environment or the command is one, and no file is there for nothing."""
    assert set(service.get("secrets", [])) <= set(BOTH["secrets"])
    # A path to one may be said, but no login, and nothing that is named like one.
    for name, value in service.get("environment", {}).items():
        assert "@" not in value or value == "admin@example.com"
        if re.search("SECRET|PASSWORD|TOKEN|KEY|AUTH", name):
            assert value.startswith("/run/secrets")
    for word in service.get("command", []):
        assert "@" not in word
    assert all(set(secret) == {"file"} for secret in BOTH["secrets"].values())


def test_whoever_needs_a_secret_has_it_and_nobody_else() -> None:
    """The login that owns the schema is the migration's alone, the superuser's PostgreSQL's."""
    holders: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for secret in service.get("secrets", []):
            holders.setdefault(secret, set()).add(name)
    assert set(holders) == set(WHOLE["secrets"])
    assert holders["lockstep_migrate_database_url"] == {"migrate"}
    assert holders["lockstep_database_url"] == {*OURS}
    assert holders["lockstep_redis_url"] == {*REPLICAS, "worker"}
    assert holders["lockstep_neo4j_password"] == {*REPLICAS, "worker"}
    for secret, found in holders.items():
        if not secret.startswith("lockstep_"):
            assert found == {secret.partition("_")[0]}
    assert "secrets" not in SERVICES["edge"]


def test_no_file_holds_a_secret() -> None:
    """Nothing in the compose files or beside them would do as one, nor is a sample."""
    beside = [path for path in (ROOT / "containers").iterdir() if path.is_file()]
    for path in (PRODUCTION, DEVELOPMENT, ROOT / "Dockerfile", *beside):
        for word in re.findall(r"[\w+/=-]{24,}", path.read_text()):
            assert why_weak(word) is not None or not re.search(r"\d.*\d.*\d.*\d", word), word
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "containers/secrets/", "containers/tls/"} <= set(ignored)


def test_without_a_name_nothing_starts() -> None:
    """The one thing that has no default is asked for, in words."""
    with pytest.raises(MissingValueError, match="EDGE_SERVER_NAME: set it to the name"):
        load(PRODUCTION)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({"EDGE_SERVER_NAME": "a.example"}, "https://a.example"),
        (
            {"EDGE_SERVER_NAME": "a.example", "EDGE_HOST": "a.example:8443"},
            "https://a.example:8443",
        ),
    ],
    ids=["443", "another port"],
)
def test_replicas_know_the_page_s_origin(given: dict[str, str], origin: str) -> None:
    """The name that Nginx answers to, with its port where that is not 443."""
    for name in REPLICAS:
        environment = load(PRODUCTION, **given)["services"][name]["environment"]
        assert environment["LOCKSTEP_ALLOWED_ORIGINS"] == origin


def test_development_serves_the_source_as_it_changes() -> None:
    """One replica, on a port, from the mounted source; the others only when asked for."""
    services = BOTH["services"]
    replica = services["replica-1"]
    assert replica["command"] == ["serve", "--reload"]
    assert replica["environment"]["LOCKSTEP_UDS"] == ""
    assert replica["ports"] == ["127.0.0.1:8000:8000"]
    for name in ("replica-1", "worker", "migrate"):
        mounted = {v["target"] for v in services[name]["volumes"] if isinstance(v, dict)}
        assert mounted == {f"/source/{package}" for package in ("store", "realtime", "http_api")}
        assert services[name]["environment"]["PYTHONPATH"] == "/source"
    for name in ("edge", "replica-2", "replica-3"):
        assert services[name]["profiles"] == ["whole"]
