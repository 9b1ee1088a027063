"""Tests of the Neo4j that the tests use."""

from __future__ import annotations

import pytest
from neo4j.exceptions import ServiceUnavailable

from tests.containers.compose import PRODUCTION, load
from tests.servers.neo4j import Neo4jServer
from tests.servers.run import Run


def test_it_is_of_the_version_that_production_runs(neo4j_server: Neo4jServer) -> None:
    """What the tests find out holds for the image of the compose file."""
    image = load(PRODUCTION, EDGE_SERVER_NAME="todo.example.org")["services"]["neo4j"]["image"]

    (kernel,) = neo4j_server.query("CALL dbms.components()")

    assert f"neo4j:{kernel['versions'][0]}-{kernel['edition']}" == image


def test_every_test_process_gets_the_same_server(
    run: Run, neo4j_server: Neo4jServer, request: pytest.FixtureRequest
) -> None:
    """Starting one takes seconds of every core."""
    again = run.once("neo4j", lambda: pytest.fail("a second one was started"))

    assert again["port"] == neo4j_server.port


@pytest.mark.timeout(300)
def test_a_server_of_its_own_can_be_killed_and_started_again(
    run: Run, own_neo4j: Neo4jServer
) -> None:
    """On the same port, with what was committed before."""
    assert own_neo4j.process is not None
    own_neo4j.query("CREATE (:Thing {name: 'kept'})")

    own_neo4j.process.kill()
    with pytest.raises(ServiceUnavailable):
        own_neo4j.query("RETURN 1")
    own_neo4j.launch(run)
    own_neo4j.wait_until_ready()

    assert own_neo4j.query("MATCH (t:Thing) RETURN t.name AS name") == [{"name": "kept"}]
