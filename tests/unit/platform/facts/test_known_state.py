"""What is deployed, as far as it can be read: an engine that hangs leaves what the server's own files say."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable, FactUnreadable
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.known_state import current_state, known_state
from runbook_lib.platform.facts.releases import deployed_state
from runbook_lib.platform.facts.replaced_release import OVERRIDE, Override, override_text
from runbook_lib.platform.facts.running_release import upstreams_file
from tests.unit.data_values import environment_with

COMMIT = "b" * 40
COLOURED, REPLACED = load_environment("staging"), environment_with({"name": "shop"})
HANGS = CommandTimedOut("The command did not end within 20 s.", where="here")
GONE = DockerUnavailable("No Docker Engine answers on the server (connection refused).")
RECORD = (f'{{"at": "2026-11-22T16:00:00+00:00", "commit": "{COMMIT}", "version": "v3.2.0", "colour": "green", '
          '"schema_revision": "0001", "run_id": "r", "by": "ann", "reason": ""}\n')


def server(environment: Environment, engine: Any, *, env: str = "", upstreams: str | None = None, override: str | None = None,
           record: str = RECORD) -> Any:
    folder = environment.server.directory
    files = {environment.compose.variables_file: env, ".runbook/upstreams/active.conf": upstreams, OVERRIDE: override,
             ".runbook/releases.jsonl": record, ".runbook/endpoints.json": None, ".runbook/pre-image.json": None}
    return ScriptedConnections(commands={"rev-parse": f"{COMMIT}\n", "sha256sum": (1, ""), "docker": engine},
                               sql={"alembic_version": [{"revisions": ["0003"]}]}, files={f"{folder}/{name}": text for name, text in files.items()})


@pytest.mark.parametrize("engine", [HANGS, GONE], ids=["hangs", "gone"])
def test_the_files_say_what_is_live_where_the_engine_does_not(engine: Exception) -> None:
    here = server(COLOURED, engine, env=f"GREEN_COMMIT={COMMIT}\nGREEN_VERSION=v3.2.0\n", upstreams=upstreams_file(COLOURED, "green"))
    found = known_state(COLOURED).fetch(here)
    assert (found.live_colour, found.live_commit, found.releases[-1].version) == ("green", COMMIT, "v3.2.0")
    assert found.summary["read from files alone"] == found.engine_silent != ""
    with pytest.raises(DockerUnavailable):
        deployed_state(COLOURED).fetch(here)


@pytest.mark.parametrize("engine", [HANGS, GONE], ids=["hangs", "gone"])
def test_with_recreate_the_override_says_what_is_to_run(engine: Exception) -> None:
    images = {name: f"{name}:{COMMIT}" for name in REPLACED.release.services}
    found = known_state(REPLACED).fetch(server(REPLACED, engine, override=override_text(Override(COMMIT, "v3.2.0", images))))
    assert (found.live_commit, found.live_version, found.by_hand) == (COMMIT, "v3.2.0", ())
    assert found.engine_silent


@pytest.mark.parametrize("environment", [COLOURED, REPLACED], ids=["coloured", "replaced"])
def test_an_engine_that_hangs_is_not_a_server_without_an_application(environment: Environment) -> None:
    found = known_state(environment).fetch(server(environment, HANGS, record=""))
    assert found.live_commit is None
    assert found.something_runs, "what runs is what only the engine knows"


def test_a_damaged_record_is_said_whatever_the_engine_does() -> None:
    with pytest.raises(FactUnreadable):
        known_state(COLOURED).fetch(server(COLOURED, HANGS, record="{}\n"))


def test_the_state_after_a_failure_names_what_cannot_be_read() -> None:
    state = current_state(COLOURED).fetch(server(COLOURED, HANGS))
    assert "hangs" in state["deployed state"]
