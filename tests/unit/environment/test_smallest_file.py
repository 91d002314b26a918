"""The smallest environment file: what could not be guessed, and nothing that is only shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from runbook_lib.adopting.doctor import Diagnosis, examine
from runbook_lib.capacity.checks.planned_values import planned_values
from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.recovery import RestoreDrill
from runbook_lib.platform.facts.availability import Unanswered
from tests.unit.smallest_environment import SMALLEST, smallest


def test_it_loads_and_each_figure_that_it_leaves_out_is_a_usual_one() -> None:
    found = smallest()
    assert (found.gate.deadline_s, found.rollback.minimum_requests, found.backup.keep_newest) == (180, 50, 7)
    assert found.tls.minimum_version == "TLSv1.2" and found.certificate_minimum_days == 14


def keys_of(data: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The place of every key, those of mappings with names of the application's own included."""
    return [place for key, value in data.items() for place in
            ((*above, key), *(keys_of(value, (*above, key)) if isinstance(value, dict) else ()))]


@pytest.mark.parametrize("place", keys_of(SMALLEST), ids=".".join)
def test_none_of_its_keys_can_be_left_out(place: tuple[str, ...], tmp_path: Path) -> None:
    data = yaml.safe_load(yaml.safe_dump(SMALLEST))
    holder = data
    for part in place[:-1]:
        holder = holder[part]
    del holder[place[-1]]
    (tmp_path / "smallest.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    with pytest.raises(EnvironmentInvalid):
        load_environment(str(tmp_path / "smallest.yaml"))


def test_a_table_of_success_is_never_without_rows() -> None:
    # without words of its own a file has those of the runbooks: no row at all would look like no fault
    assert len(smallest().success.criteria) == 8
    with pytest.raises(EnvironmentInvalid, match=r"success\.criteria: should not be empty"):
        smallest(success={"criteria": {}})


def test_load_and_reads_go_to_what_users_may_ask_where_no_path_is_named(staging: Environment) -> None:
    assert smallest().health.public_paths == ("/",)
    asked = staging.health.public_paths
    assert "/health" in asked and "/metrics" not in asked


def test_a_drill_that_asks_the_application_nothing_says_so() -> None:
    assert smallest().restore_drill.unread_reason == "restore_drill.reads names no path of the application"
    assert RestoreDrill(no_reads_reason="it has none").unread_reason == "it has none"
    assert RestoreDrill(reads={"/health": None}).unread_reason == ""


# what a server, a channel or a load shows is not known of a file alone; what it lacks is said
LACKING = {"20_deploy": "strategy", "21_verify": "strategy", "22_rollback": "strategy", "41_metrics_review": "metrics",
           "42_alert_drill": "metrics", "43_log_review": "logs", "44_notify": "alert_channel", "60_load_test": "load_target"}


@pytest.mark.parametrize("found", examine(smallest(), offline=True), ids=lambda one: one.notebook)
def test_what_each_notebook_lacks_is_said(found: Diagnosis) -> None:
    assert LACKING.get(found.notebook, "") == next(iter(found.lacking), "")


def test_what_is_not_planned_is_not_applicable_in_the_tuning_review() -> None:
    unanswered = Unanswered("not asked", "")
    rows = planned_values(smallest(), unanswered, unanswered, None)
    assert rows and all(one.finding.verdict is Verdict.NOT_APPLICABLE for one in rows)


@pytest.mark.parametrize(("tuning", "fault"), [
    ({"backend": {"service": "web", "process": "gunicorn"}}, "backend.workers: is missing"),
    ({"backend": {"pool_query": "pool_size"}}, "backend.pool_size: is missing"),
    ({"backend": {"cached": [{"path": "/", "header": "X-Cache", "hit": "hit", "keys": "reply:*"}]}},
     "backend.cache_ttl_s: is missing"),
    ({"frontend": {"service": "web", "process": "nginx"}}, "frontend.nginx_workers: is missing"),
])
def test_a_value_that_another_key_compares_is_asked_for(tuning: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        smallest(tuning=tuning)


def test_folders_lie_next_to_the_dumps_where_none_are_named() -> None:
    rules = smallest().configuration_backup
    assert (rules.repository, rules.files_directory, rules.logs_directory) == (
        "/backups/app/configuration.git", "/backups/app/files", "/backups/app/logs")
    named = smallest(configuration_backup={"no_uploads_reason": "none", "repository": "/srv/configuration.git"})
    assert named.configuration_backup.repository == "/srv/configuration.git"
