"""What is asked of services through a connection: the engine, certificates, replies, the database, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runbook_lib.connections import open_connections
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.platform.facts.certificates import inspect_certificate
from runbook_lib.platform.facts.containers import measure_memory, survey_containers
from runbook_lib.platform.facts.database import survey_database
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.monitoring import instant_query, scrape_targets
from runbook_lib.platform.facts.oom_kills import count_oom_kills, parse_kills
from runbook_lib.platform.facts.server import survey_server

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections
    from runbook_lib.environment import Environment


def test_docker_goes_over_the_same_connection(lab: Any, connections: OpenConnections) -> None:
    connections.server.run(Command(("true",)))
    transport = connections.server.link.transport()
    client = connections.docker.client()
    assert {one.labels["com.docker.compose.service"] for one in client.containers.list()} >= {"nginx", "postgres"}
    transport.close()
    assert client.ping()


def test_the_certificate_is_the_public_names_own(
    lab: Any, connections: OpenConnections, environment: Environment
) -> None:
    found = inspect_certificate(environment).fetch(connections)  # type: ignore[arg-type]
    assert environment.public.host in found.names
    assert found.verify_error == ""
    assert found.accepts["TLSv1"] is not True
    assert found.accepts["TLSv1.1"] is not True
    assert found.accepts["TLSv1.2"] is True


def test_a_certificate_of_an_unknown_issuer_is_no_reply(lab: Any, environment: Environment) -> None:
    public = environment.public.model_copy(update={"ca_file": None})
    with open_connections(environment.model_copy(update={"public": public})) as opened:
        with pytest.raises(EndpointUnavailable, match="TLS"):
            opened.http.request("GET", "/health")
        assert inspect_certificate(environment).fetch(opened).verify_error  # type: ignore[arg-type]


def test_a_redirect_is_a_reply_and_not_followed(lab: Any, connections: OpenConnections) -> None:
    reply = connections.http.request("GET", "/api/v1/squads/")  # the API's own address has no slash at its end
    assert reply.status == 307
    location = {name.lower(): value for name, value in reply.headers.items()}["location"]
    assert location == "https://staging.gw2wvwbuilder.example.com/api/v1/squads"


def test_the_database_cannot_be_written_through_questions(lab: Any, connections: OpenConnections) -> None:
    with pytest.raises(FactUnreadable, match=r"syntax error|read-only"):
        connections.database.rows("DELETE FROM users RETURNING 1")
    with pytest.raises(FactUnreadable, match="read-only"):
        connections.database.rows("SELECT nextval(pg_get_serial_sequence('users', 'id')) AS n")


def test_a_question_that_takes_too_long_is_ended_by_the_database(lab: Any, connections: OpenConnections) -> None:
    with pytest.raises(FactUnreadable, match="statement timeout"):
        connections.database.rows("SELECT pg_sleep(30)", timeout_s=1)


def test_the_facts_of_a_live_environment(lab: Any, connections: Any, environment: Environment) -> None:
    containers = {one.service: one for one in survey_containers(environment).fetch(connections)}
    assert containers["postgres"].health == "healthy"
    assert containers["postgres"].memory_limit_bytes == environment.services["postgres"].memory_bytes
    assert all(one.memory_bytes for one in measure_memory(environment).fetch(connections))
    kills = count_oom_kills(environment, "postgres").fetch(connections)
    seen = lab.on_server("docker", "exec", containers["postgres"].container_id, "sh", "-c",
                         "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; true")
    assert kills is not None and kills == parse_kills(seen)
    endpoints = {one.path: one for one in survey_endpoints(environment).fetch(connections)}
    assert {one.status for one in endpoints.values()} == {200}
    assert endpoints["/health"].fields["status"] == "ok"
    database = survey_database(environment).fetch(connections)
    assert database.version.startswith("15.")
    assert database.revision == endpoints["/health"].fields["schema_revision"]
    assert all(target.job for target in scrape_targets(environment).fetch(connections))
    assert instant_query(environment, "vector(1)").fetch(connections)[0].value == 1.0
    state = survey_server(environment).fetch(connections)
    assert abs(state.clock_ahead_s) < 5
    assert state.versions["docker"]
    assert state.memory_available_bytes > 0
