"""A rollback by hand on the lab: to the release on standby, in seconds.

The files of rollbacks follow one another: each begins with the release that the previous one left live.
"""

from __future__ import annotations

from pathlib import Path

from lab.resilience.releases import commit_of, live_release, schema_revision
from runbook_lib.connections import OpenConnections
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import deployed_state
from tests.lab.conftest import Lab, roll_back
from tests.lab_server import FIRST_RELEASE, NEXT_RELEASE


def test_a_release_that_lost_its_backend_gives_way_to_the_earlier_one_and_the_data_stay(
    lab: Lab, environment: Environment, connections: OpenConnections, new_is_live: None, outputs: Path
) -> None:
    now, revision = deployed_state(environment).fetch(connections), schema_revision(lab.instance)
    lab.on_server("docker", "kill", f"gw2-staging-backend-{now.live_colour}-1")  # it stays down: nothing answers
    code, said = roll_back(lab, outputs, "-p", f"to={FIRST_RELEASE}")
    assert code == 0, said
    assert live_release(lab.instance).commit == commit_of(lab.instance, FIRST_RELEASE)
    assert schema_revision(lab.instance) == revision
    line = deployed_state(environment).fetch(connections).releases[-1]
    assert (line.version, line.reason) == (FIRST_RELEASE, f"rollback from {NEXT_RELEASE} (database: keep): test")


def test_a_release_that_never_served_here_is_refused(lab: Lab, outputs: Path) -> None:
    code, said = roll_back(lab, outputs, "-p", "to=v9.9.9")
    assert code == 2, said
    assert "no recorded release matches" in said
