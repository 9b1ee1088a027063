"""The template and its renderer."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from http_api.body import MAX_BODY_BYTES
from http_api.cli.server import uvicorn_config
from http_api.problems import TITLES
from http_api.settings import Settings
from http_api.static_files import _TYPES
from nginx.render import RenderError, defaults, origins, render, replicas
from tests.servers.missing import program
from tests.servers.ports import free_port

_FOLDER = Path(__file__).parents[2] / "nginx"
_TEMPLATE = (_FOLDER / "nginx.conf.template").read_text()


def test_every_value_has_a_default_and_is_used() -> None:
    """edge.env describes all that is open, and nothing else."""
    assert set(re.findall(r"\$\{(\w+)\}", _TEMPLATE)) == set(defaults())
    assert "${" not in render({})


def test_the_name_is_the_host_unless_said() -> None:
    """With a port beside the name only where it is not 443."""
    assert "proxy_set_header Host a.example;" in render({"EDGE_SERVER_NAME": "a.example"})
    ported = {"EDGE_SERVER_NAME": "a.example", "EDGE_HOST": "a.example:8443"}
    assert "proxy_set_header Host a.example:8443;" in render(ported)
    assert "server_name a.example;" in render(ported)


@pytest.mark.parametrize("value", ["a b", "a;", "a}", "$host", 'a"', "a\nb", "a#b", "a\\"])
def test_a_value_stays_one_word(value: str) -> None:
    """It can neither end its directive nor begin another."""
    with pytest.raises(RenderError, match="EDGE_SERVER_NAME must be one word"):
        render({"EDGE_SERVER_NAME": value})
    with pytest.raises(RenderError, match="is no address"):
        replicas([value])


def test_origins_are_lines_of_a_map() -> None:
    """Each once, since Nginx does not start with one twice; nothing but origins gets in."""
    own = "https://app.example.org"
    assert origins([own, "http://[::1]:3000", own]) == f"{own} 1; http://[::1]:3000 1;"
    for value in ("*", "null", "app.example.org", f"{own}/", f"{own};", "https://$host", ""):
        with pytest.raises(RenderError, match="is no origin"):
            origins([value])


def test_without_root_no_user_is_named() -> None:
    """Whoever is not root cannot become another user, and would be warned at each start."""
    lines = render({}).splitlines()
    assert lines.count("user www-data;") == 1
    lines.remove("user www-data;")
    assert render({}, unprivileged=True).splitlines() == lines


def test_no_replica_is_left_alone_by_sockets() -> None:
    """Failures count for requests, which end and so clear them, and not for sockets."""
    made = render({"EDGE_REPLICAS": replicas(["unix:/run/a.sock", "10.0.0.7:8000"])})
    assert "server unix:/run/a.sock fail_timeout=2s; server 10.0.0.7:8000 fail_timeout=2s;" in made
    assert made.count("fail_timeout=2s max_fails=0;") == 2
    given = render({"EDGE_SOCKET_REPLICAS": "server 10.0.0.7:8000;"})
    assert "max_fails=0;" not in given.partition("upstream lockstep_sockets")[2]


def test_a_misspelt_name_is_told() -> None:
    """Nothing is set without effect."""
    with pytest.raises(RenderError, match="EDGE_SEVER_NAME: no such name"):
        render({"EDGE_SEVER_NAME": "a.example"})


def test_the_container_s_way_renders_the_same(tmp_path: Path) -> None:
    """What envsubst makes of it, as the official image calls it, and what the script makes."""
    values = defaults() | {"EDGE_SERVER_NAME": "a.example", "EDGE_HOST": "a.example"}
    environment = {"PATH": os.environ["PATH"], "host": "not for envsubst", **values}
    names = " ".join(f"${{{name}}}" for name in environment if re.search("EDGE_", name))
    substituted = subprocess.run(
        [program("envsubst", package="gettext-base"), names],
        input=_TEMPLATE,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    output = tmp_path / "nginx.conf"
    subprocess.run(
        [sys.executable, _FOLDER / "render.py", "--output", output, "EDGE_SERVER_NAME=a.example"],
        env={"PATH": os.environ["PATH"]},
        check=True,
    )

    assert output.read_text() == substituted


def test_a_bad_value_ends_with_a_sentence() -> None:
    """On standard error, with status 2."""
    done = subprocess.run(
        [sys.executable, _FOLDER / "render.py", "EDGE_USER=a;b"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("EDGE_USER must be one word")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"EDGE_HTTPS_LISTEN": str(free_port()), "EDGE_HTTP_LISTEN": str(free_port())},
        {"EDGE_ORIGINS": origins(["https://app.example.org", "http://[::1]:3000"])},
        {"EDGE_REPLICAS": replicas(["127.0.0.1:8000", "[::1]:8001", "unix:/run/a.sock"])},
        {"EDGE_WORKERS": "auto", "EDGE_ERROR_LOG": "stderr", "EDGE_ACCESS_LOG": "/dev/stdout"},
    ],
    ids=["defaults", "IPv4 only", "origins", "ports", "to the terminal"],
)
def test_nginx_accepts_it(tmp_path: Path, values: dict[str, str]) -> None:
    """Without an error and without a warning."""
    certificate = trustme.CA().issue_cert("todo.example.org")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    # Trying a configuration also tries to listen, and to write its logs.
    given = {
        "EDGE_RUN_DIR": str(tmp_path),
        "EDGE_CERTIFICATE": str(tmp_path / "both.pem"),
        "EDGE_CERTIFICATE_KEY": str(tmp_path / "both.pem"),
        "EDGE_ACCESS_LOG": str(tmp_path / "access.log"),
        "EDGE_ERROR_LOG": str(tmp_path / "error.log"),
        "EDGE_HTTPS_LISTEN": f"[::]:{free_port()}",
        "EDGE_HTTP_LISTEN": f"[::]:{free_port()}",
        "EDGE_USER": getpass.getuser(),
        **values,
    }
    (tmp_path / "nginx.conf").write_text(render(given))
    nginx = program("nginx", package="nginx-light")
    tried = subprocess.run(
        [nginx, "-t", "-p", tmp_path, "-e", "error.log", "-c", tmp_path / "nginx.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr
    assert not re.search(r"\[(warn|error|emerg|crit)\]", tried.stderr), tried.stderr


def _directive(name: str) -> str:
    found = re.search(rf"^\s*{name} ([^;]+);", _TEMPLATE, re.MULTILINE)
    assert found is not None, name
    return found[1]


def test_it_agrees_with_the_service() -> None:
    """Sizes, types and words that both speak, and the order of their deadlines."""
    assert _directive("client_max_body_size") == f"{MAX_BODY_BYTES // 1024}k"
    types = _TEMPLATE.split(" types {\n")[1].partition("}")[0]
    pairs = re.findall(r'^ +"?([^"\n]+)"? (\w+);', types, re.MULTILINE)
    assert {f".{suffix}": kind for kind, suffix in pairs} == _TYPES
    for code, title in re.findall(r'^ {8}(\w+) "([^"]+)";$', _TEMPLATE, re.MULTILINE):
        if code in TITLES and title[-1] != ".":
            assert TITLES[code] == title
    config = uvicorn_config(Settings(_env_file=None))
    kept = int(_directive("keepalive_timeout").removesuffix("s"))
    assert kept < config.timeout_keep_alive


def test_maps_have_literal_strings_only() -> None:
    """A map with a regular expression has been a way in; there is none, nor a risky module."""
    maps = re.findall(r"map [^{]+\{([^}]*)\}", _TEMPLATE)
    assert len(maps) > 5
    assert not [line for body in maps for line in body.splitlines() if line.strip()[:1] == "~"]
    for word in ("ssi", "charset", "slice", "rewrite", "http2", "quic"):
        assert not re.search(rf"^\s*{word}\b", _TEMPLATE, re.MULTILINE)
