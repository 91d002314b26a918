"""What an operator is advised to do where what ran here does not run, and that it is refused before anything else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import ReplacedState
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.release.checks.deploy import deploy_preconditions
from runbook_lib.release.checks.earlier_run import CHECK, earlier_run
from runbook_lib.release.checks.preflight import rollback_target
from runbook_lib.release.facts.repository import Commit, ReleaseTree
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")
VOLUME = "gw2-staging_postgres_data"
LIVE = Release("a" * 40, "v1", "blue", "0001", "run", "ada", "", datetime(2026, 11, 22, tzinfo=UTC))


def deployed(*, env: str | None = "BLUE_COMMIT=a\n", secrets: str | None = "0" * 64, volumes: tuple[str, ...] = (VOLUME,)) -> Deployed:
    return Deployed("blue", "a" * 40, env, "server backend-blue:8000;", secrets, frozenset(), (LIVE,), left_volumes=volumes)


def advice(state: Deployed, *containers: Container) -> str:
    return earlier_run(ENVIRONMENT, state, containers).next_step


def test_what_has_its_files_is_started_again_by_the_command_that_is_named() -> None:
    found = advice(deployed())
    assert "Start it again" in found
    assert "cd /opt/gw2-wvwbuilder && docker compose -p gw2-staging --project-directory . -f docker-compose.staging.yml " in found
    assert "--env-file .env.secrets up --detach --wait" in found


@pytest.mark.parametrize(("stopped", "command"), [((), "up --detach --wait"), (("db",), "start; then run")])
def test_what_was_deployed_by_hand_is_started_again_without_files_of_ours(stopped: tuple[str, ...], command: str) -> None:
    state = Deployed(None, None, None, None, None, frozenset(), (), left_volumes=("shop_data",))
    containers = [Container(f"shop-{one}-1", one, "db:15", "sha256:1", "exited", None, 0, False, 0, None) for one in stopped]
    found = earlier_run(shop(), state, containers).next_step
    assert f"cd /opt/shop && docker compose -p shop --project-directory . -f compose.yml -f compose.override.yml {command}" in found
    assert ".env" not in found


def test_what_a_runbook_has_deployed_without_colours_is_started_with_its_images() -> None:
    """Without our file `up` would start what its owners had, and the recorded release would be gone."""
    state = Deployed(None, None, None, None, None, frozenset(), (), left_volumes=("shop_data",),
                     replaced=ReplacedState("an override", "b" * 40, "v1.1.0"))
    found = earlier_run(shop(), state, ()).next_step
    assert "-f compose.yml -f compose.override.yml -f .runbook/release.override.yml up --detach --wait" in found


@pytest.mark.parametrize(("state", "missing"), [
    (deployed(env=None), "Put .env back"), (deployed(secrets=None), "Put .env.secrets back"),
    (deployed(env="", secrets=None), "Put .env and .env.secrets back"),
])
def test_what_has_lost_its_files_gets_them_back_first(state: Deployed, missing: str) -> None:
    assert missing in advice(state)


def test_what_is_nowhere_is_looked_for_under_other_names_before_anything_is_made_anew() -> None:
    found = advice(deployed(volumes=()))
    assert found.index("docker compose ls --all") < found.index("docker volume ls") < found.index("restore with 32")


def test_a_deployment_and_a_preflight_are_refused() -> None:
    commit = Commit("v1", "tag", "b" * 40, "v1", datetime(2026, 11, 22, tzinfo=UTC), "", None)
    found = deploy_preconditions(ENVIRONMENT, ReleaseTree("v1", commit), ServerState((), 1, 1, 0.0, 1, 0.0, {}), {},
                                 deployed=deployed(), containers=())
    assert next(one.verdict for one in found if one.check == CHECK) is Verdict.FAILED
    assert rollback_target(deployed(), ENVIRONMENT, ())[0].verdict is Verdict.FAILED


@pytest.mark.parametrize("state", ["exited", "created", "dead", "paused", "running"])
@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_a_deployment_and_a_preflight_agree(state: str, service: str) -> None:
    nothing = Deployed(None, None, None, None, None, frozenset(), ())
    containers = (Container("c", service, "x", "x", state, None, 0, False, 0, None),)
    commit = Commit("v1", "tag", "b" * 40, "v1", datetime(2026, 11, 22, tzinfo=UTC), "", None)
    deploy = deploy_preconditions(ENVIRONMENT, ReleaseTree("v1", commit), ServerState((), 1, 1, 0.0, 1, 0.0, {}), {},
                                  deployed=nothing, containers=containers)
    preflight = rollback_target(nothing, ENVIRONMENT, containers)
    found = {next(one for one in each if one.check == CHECK).verdict for each in (deploy, preflight)}
    assert found == {Verdict.PASSED if (state, service) == ("running", "postgres") else Verdict.FAILED}


@pytest.mark.parametrize(("state", "verdict"), [
    ("running", Verdict.PASSED), ("restarting", Verdict.PASSED), ("paused", Verdict.PASSED), ("exited", Verdict.FAILED), ("created", Verdict.FAILED),
    ("dead", Verdict.FAILED), ("", Verdict.FAILED),
])
def test_a_rollback_needs_a_database_that_is_there_and_not_one_that_is_well(state: str, verdict: Verdict) -> None:
    containers = (Container("c", "postgres", "x", "x", state, None, 0, False, 0, None),) if state else ()
    (found,) = rollback_target(deployed(volumes=() if state else (VOLUME,)), ENVIRONMENT, containers, rolling_back=True)
    assert found.verdict is verdict
    if verdict is Verdict.FAILED:
        assert "Start it again" in found.next_step or "docker compose ls" in found.next_step


def test_of_several_containers_one_that_runs_is_enough() -> None:
    containers = [Container(f"c{at}", "postgres", "x", "x", state, None, 0, False, 0, None) for at, state in enumerate(("exited", "running", "created"))]
    commit = Commit("v1", "tag", "b" * 40, "v1", datetime(2026, 11, 22, tzinfo=UTC), "", None)
    deploy = deploy_preconditions(ENVIRONMENT, ReleaseTree("v1", commit), ServerState((), 1, 1, 0.0, 1, 0.0, {}), {},
                                  deployed=deployed(), containers=containers)
    assert next(one.verdict for one in deploy if one.check == CHECK) is Verdict.PASSED
    assert rollback_target(deployed(), ENVIRONMENT, containers)[0].verdict is Verdict.PASSED
    assert rollback_target(deployed(), ENVIRONMENT, containers, rolling_back=True)[0].verdict is Verdict.PASSED


def test_a_rollback_is_refused_before_anything_else_is_asked_of_the_release() -> None:
    cells = json.loads((Path(__file__).parents[4] / "notebooks/22_rollback.ipynb").read_text())["cells"]
    text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert text.index("rolling_back=True") < text.index("select_target(") < text.index("inspect_release(")


@pytest.mark.parametrize("notebook", ["10_preflight", "20_deploy"])
def test_both_notebooks_ask_for_stopped_containers_too(notebook: str) -> None:
    """measure_memory knows running ones only: with it, a stopped project would look like a first deployment."""
    cells = json.loads((Path(__file__).parents[4] / f"notebooks/{notebook}.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    judged = next(at for at, text in enumerate(code) if "rollback_target(" in text or "deploy_preconditions(" in text)
    assert any("containers" in text and "platform.survey_containers(run.environment)" in text for text in code[: judged + 1])
    assert not [text for text in code[: judged + 1] if re.search(r"\bcontainers\b[^=\n]* = .*measure_memory", text)]
