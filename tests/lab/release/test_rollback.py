"""Rollbacks by hand on the lab: the resting release in seconds, and back over a migration."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.releases import commit_of, live_release, schema_revision
from runbook_lib.connections import OpenConnections
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import deployed_state
from tests.lab.conftest import Lab

OLD, NEW = "v3.1.0", "v3.2.0"


def roll_back(lab: Lab, outputs: Path, *more: str) -> tuple[int, str]:
    done = lab.runbook("run", "22_rollback", "-e", lab.environment, "--apply", "--confirm", lab.name, *more,
                       "--reason", "test", outputs=outputs)
    return done.returncode, done.stdout + done.stderr


def test_a_release_that_lost_its_backend_gives_way_to_the_earlier_one_and_the_data_stay(
    lab: Lab, environment: Environment, connections: OpenConnections, new_is_live: None, outputs: Path
) -> None:
    now, revision = deployed_state(environment).fetch(connections), schema_revision(lab.instance)
    lab.on_server("docker", "kill", f"gw2-staging-backend-{now.live_colour}-1")  # it stays down: nothing answers
    code, said = roll_back(lab, outputs, "-p", f"to={OLD}")
    assert code == 0, said
    assert live_release(lab.instance).commit == commit_of(lab.instance, OLD)
    assert schema_revision(lab.instance) == revision
    line = deployed_state(environment).fetch(connections).releases[-1]
    assert (line.version, line.reason) == (OLD, f"rollback from {NEW} (database: keep): test")


def test_a_release_that_never_served_here_is_refused(lab: Lab, outputs: Path) -> None:
    code, said = roll_back(lab, outputs, "-p", "to=v9.9.9")
    assert code == 2, said
    assert "no release on record" in said


@pytest.mark.slow
def test_a_downgrade_takes_the_schema_back_with_the_release(
    lab: Lab, new_is_live: None, outputs: Path
) -> None:
    code, said = roll_back(lab, outputs, "-p", f"to={OLD}", "-p", "database=downgrade")
    assert code == 0, said
    assert live_release(lab.instance).commit == commit_of(lab.instance, OLD)
    assert schema_revision(lab.instance) == "0002"
