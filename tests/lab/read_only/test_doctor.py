"""`runbook doctor` and `runbook adopt` on a whole server: what is there is seen, what is missing named, nothing changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment
from tests.lab_server import Lab


def doctor(lab: Lab, environment: str, outputs: Path) -> tuple[int, dict[str, Any]]:
    done = lab.runbook("doctor", "-e", environment, "--json", outputs=outputs)
    return done.returncode, {one["notebook"]: one for one in json.loads(done.stdout)}


def test_what_the_server_has_is_seen_and_a_wrong_project_is_named(lab: Lab, tmp_path: Path) -> None:
    code, found = doctor(lab, lab.environment, tmp_path)
    lacking = {one["name"]: one["measured"] for each in found.values() for one in each["requirements"] if one["met"] is not True}
    # a browser is not on every machine that tests; a second instance of the lab has another name than load may be sent to
    assert set(lacking) <= {"browser", "load_target"}, lacking
    assert code == 0, "what the file has none of is not broken"
    (tmp_path / "other.yaml").write_text(f"extends: {lab.environment}\nname: other\ncompose: {{project: other}}\n")
    code, found = doctor(lab, str(tmp_path / "other.yaml"), tmp_path)
    assert code == 1
    assert found["30_backup_database"]["verdict"] == "no"
    states = {one["name"]: one["met"] for one in found["30_backup_database"]["requirements"]}
    assert (states["ssh"], states["docker"], states["project"], states["database"]) == (True, True, False, False)


def test_what_runs_on_the_server_becomes_a_draft_without_a_secret(lab: Lab, environment: Environment, secrets: dict[str, Secret],
                                                                  tmp_path: Path) -> None:
    server = environment.server
    done = lab.runbook("adopt", server.directory, "--server", f"{server.user}@{server.host}:{server.port}", "--key-file",
                       server.key_file, "--known-hosts", server.known_hosts_file, "-o", "-", outputs=tmp_path)
    assert done.returncode == 0, done.stderr
    draft = yaml.safe_load(done.stdout)
    assert draft["compose"]["project"] == environment.project
    assert draft["database"] == environment.database.model_dump()
    assert {"STAGING_DB_PASSWORD"} <= set(draft["secrets"])  # as the owners' files of variables call it
    values = {name: one.reveal() for name, one in secrets.items() if environment.secrets[name].redacted}
    assert [name for name, value in values.items() if value in done.stdout] == []
