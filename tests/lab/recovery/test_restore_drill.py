"""Restore drills on the lab: backups are restored where nothing live can be reached."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.processes import output
from lab.resilience.corruptions import live_contents
from runbook_lib.connections import OpenConnections
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import deployed_state
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.drills import Drills, parse_drills, survey_drills
from runbook_lib.recovery.plans.restore_drill import drill_command
from tests.lab.conftest import Lab

FOLDER = "/backups/postgres"
OURS = "label=runbook.job=restore-drill"


# the engine itself reports each of them, however short its life is; whatever happened since then is reported too
EVENTS = f"docker events --since $1 --filter type=container --filter event=create --filter {OURS} --format '{{{{.ID}}}}'"
WATCH = f"{EVENTS} | while read -r id; do docker inspect --format '{{{{json .}}}}' \"$id\"; done"


@contextmanager
def watched(lab: Lab) -> Iterator[dict[str, dict[str, Any]]]:
    """The drill's containers by their names, as they were created; known when the block has ended."""
    since, seen = lab.on_server("date", "+%s").strip(), {}
    with subprocess.Popen(lab.instance.inside("sh", "-c", WATCH, "watch", since), stdout=subprocess.PIPE, text=True) as watching:
        try:
            yield seen
        finally:
            lab.on_server("pkill", "-f", "^docker events --since")
            seen |= {one["Name"]: one for one in map(json.loads, watching.communicate(timeout=60)[0].splitlines())}


def run_drill(lab: Lab, outputs: Path, *words: str) -> tuple[int, str]:
    done = lab.runbook("run", "31_restore_drill", "-e", lab.environment, "--reason", "test", *words, outputs=outputs)
    return done.returncode, done.stdout + done.stderr


def back_up(lab: Lab, outputs: Path) -> None:
    done = lab.runbook("run", "30_backup_database", "-e", lab.environment, "--apply", "--confirm", lab.name,
                       "--reason", "test", outputs=outputs)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def two_backups(lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path) -> Iterator[None]:
    """At least two backups with manifests of today; those that the test made are gone afterwards."""
    before = set(lab.on_server("ls", FOLDER).split())
    backups = survey(environment, checksums=0).fetch(connections)
    for _ in range(2 - len([one for one in backups.good if one.manifest and one.manifest.contents])):
        back_up(lab, outputs)
    yield
    for name in set(lab.on_server("ls", FOLDER).split()) - before:
        lab.on_server("rm", "-f", f"{FOLDER}/{name}")


def test_two_backups_are_restored_where_nothing_live_can_be_reached(
    lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path, two_backups: None
) -> None:
    contents, known = live_contents(lab.instance, environment), survey_drills(environment).fetch(connections)
    with watched(lab) as seen:
        code, said = run_drill(lab, outputs, "--apply", "--confirm", lab.name)
    assert code == 0, said
    copies, readers = sides(seen)
    assert len(copies) >= 2 and len(readers) >= 1, sorted(seen)
    for one in copies:
        assert one["HostConfig"]["NetworkMode"] == "none"
        assert not one["HostConfig"]["Binds"]
        assert [(mount["Type"], mount["Destination"]) for mount in one["Mounts"]] == [("tmpfs", "/var/lib/postgresql/data")]
        assert one["HostConfig"]["Memory"] == environment.restore_drill.memory_mb * 2**20
        assert f"{environment.restore_drill.limit_s:.0f}" in one["Config"]["Cmd"][:8], "it ends automatically"
    for one in readers:
        assert one["HostConfig"]["NetworkMode"].removeprefix("container:") in {copy["Id"] for copy in copies}
        assert not one["HostConfig"]["Binds"]
        assert not [mount for mount in one["Mounts"] if mount["Type"] != "tmpfs"]
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", OURS) == ""
    assert live_contents(lab.instance, environment) == contents
    held(survey_drills(environment).fetch(connections), known)


def sides(seen: dict[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The copies, and the applications that read them."""
    readers = [one for name, one in seen.items() if name.endswith("-application")]
    return [one for name, one in seen.items() if not name.endswith("-application")], readers


def held(after: Drills, before: Drills) -> None:
    """Two more drills are recorded, both good, with their speed and their run."""
    added = after.added_since(before)
    assert [drill.outcome for drill in added] == ["passed", "passed"]
    assert len({drill.backup for drill in added}) == 2
    assert len({drill.run_id for drill in added}) == 1
    assert added[0].run_id
    assert all(drill.megabytes_per_s and drill.reads and drill.constraints for drill in added)


def test_a_name_that_is_no_backup_is_refused_before_anything_starts(lab: Lab, outputs: Path, two_backups: None) -> None:
    code, said = run_drill(lab, outputs, "--apply", "--confirm", lab.name, "-p", "older=$(reboot)")
    assert code == 2, said
    assert "older: should be a name from the table" in said and "Nothing was contacted" in said
    code, said = run_drill(lab, outputs, "--apply", "--confirm", lab.name, "-p", "older=staging_db_20200101_000000.sql.gz")
    assert code == 3, said
    assert "no good older backup has that name" in said
    assert "Next: " in said


def test_a_copy_ends_by_itself_when_its_time_is_over_and_that_says_nothing_about_the_backup(
    lab: Lab, environment: Environment, connections: OpenConnections, two_backups: None
) -> None:
    newest = survey(environment, checksums=0).fetch(connections).newest
    assert newest is not None
    command = drill_command(newest, deployed_state(environment).fetch(connections), environment)
    words = list(command.argv)
    words[3], words[9] = "/tmp/drill-without-time", "1"  # its record goes elsewhere; a second is too short
    said = output(lab.instance.inside("bash", "-c", '"$@" || echo "exit $?"', "drill", *words, user="deploy"),
                  input=str(command.stdin), timeout_s=300)
    lab.on_server("rm", "-rf", words[3])
    assert said.splitlines()[-1] == "exit 1"
    assert [drill.outcome for drill in parse_drills(said).drills] == ["error"]
    assert lab.on_server("docker", "ps", "--all", "--quiet", "--filter", OURS) == ""
