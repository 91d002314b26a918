"""An environment that says why it has no database: what it may leave out, and what each family makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.adopting.doctor import examine
from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.contract.requirements import REQUIREMENTS
from runbook_lib.core.errors import AbsentPart, EnvironmentInvalid
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan
from runbook_lib.observability.facts.service_replies import ask_services
from runbook_lib.platform.facts.availability import if_available
from runbook_lib.platform.facts.database import schema_revision
from runbook_lib.platform.plans.leftovers import end_leftovers
from runbook_lib.recovery.checks.freshness import last_backup
from runbook_lib.recovery.checks.restore import database_name_confirmed
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.recovery.facts.drills import survey_drills
from runbook_lib.recovery.facts.restore_databases import survey_databases
from runbook_lib.recovery.facts.schedules import planned_schedules
from runbook_lib.recovery.plans.backup import plan_backup
from runbook_lib.recovery.plans.scheduled_programs import cron_block, job_programs
from runbook_lib.release.checks.earlier_run import earlier_run
from runbook_lib.release.checks.rollback import rollback_preconditions
from runbook_lib.release.facts.schema_rollback import schema_rollback
from runbook_lib.release.plans.deploy import plan_deploy
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.release.checks.test_rollback import CHOICE
from tests.unit.release.plans.test_replace_release import BACKUP, TREE
from tests.unit.release.plans.test_replacement import TARGET, deployed
from tests.unit.shop_environment import shop
from tests.unit.smallest_environment import SMALLEST, loaded

NONE: dict[str, Any] = {"database": None, "migrations": None, "without": {
    "database": "notes are files in a volume", "cache": "none", "monitoring": "none", "smoke": "none"}}
ONE: dict[str, Any] = {"services": {"web": {"title": "Web", "ports": [8000]}},
                       "release": {"strategy": "recreate", "services": {"web": {"image": "web", "port": 8000}}, "api": "web"},
                       "logs": {}, "health": {"endpoints": {"/": {"title": "Page", "service": "web", "contains": "notes"}}}}


@pytest.mark.parametrize(("given", "repository"), [
    ({}, "/backups/smallest/configuration.git"),
    ({"configuration_backup": {"no_uploads_reason": "none", "repository": "/srv/kept/configuration.git"}},
     "/srv/kept/configuration.git"),
    ({"backup": {"daily_at": "01:00"}}, "/backups/smallest/configuration.git"),
    ({"backup": {"directory": "/var/copies/dumps"}}, "/var/copies/configuration.git"),
])
def test_a_folder_for_dumps_need_not_be_named_where_there_are_none(given: dict[str, Any], repository: str) -> None:
    bare = {**{key: value for key, value in SMALLEST.items() if key not in ("backup", "database")}, **given}
    bare["without"] = SMALLEST["without"] | {"database": "notes are files in a volume"}
    bare["release"] = SMALLEST["release"] | {"writers": []}
    found = loaded(bare)
    assert found.configuration_backup.repository == repository
    assert found.configuration_backup.files_directory.endswith("/files")
    with pytest.raises(EnvironmentInvalid, match="backup: is missing"):
        loaded({key: value for key, value in SMALLEST.items() if key != "backup"})


def test_nothing_asks_for_a_folder_of_dumps_where_there_are_none() -> None:
    answer = REQUIREMENTS["backup_folder"].judge(shop(**NONE, **ONE))
    assert answer is not None
    assert (answer.met, answer.measured) == (False, "not here: notes are files in a volume")


def test_an_environment_may_be_without_a_database_and_says_what_keeps_its_data() -> None:
    found = shop(**NONE, **ONE)
    assert (found.database_service, found.data_services, found.writers) == ("", (), ())
    assert found.no_database_reason == found.without["migrations"] == "notes are files in a volume"
    with pytest.raises(AbsentPart, match="notes are files in a volume"):
        _ = found.postgres


@pytest.mark.parametrize(("change", "fault"), [
    ({"database": {"service": "web", "name": "a", "owner": "a"}}, "without.database: database is given as well"),
    ({"without": {"cache": "none", "monitoring": "none", "smoke": "none"}}, "database: give it, or say in without.database"),
    ({"migrations": {"tool": "alembic"}}, "migrations: without.database says that there is nothing to migrate"),
    ({"services": {"web": {"title": "Web", "ports": [8000], "probe": {"kind": "postgres"}}}},
     "services.web.probe.kind: postgres is asked as the owner of `database`, and there is none"),
    ({"release": {"strategy": "blue-green", "services": {"web": {"image": "web", "port": 8000}}, "api": "web"}},
     "database: is missing; with the strategy blue-green"),
])
def test_what_does_not_go_together_without_a_database_is_refused(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid) as refused:
        shop(**(NONE | ONE | change))
    assert fault in refused.value.what


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
EMPTY = Backups("/backups/shop/database", "", NOW, NOW, None)
WHY = "notes are files in a volume"


@pytest.fixture
def without() -> Any:
    return shop(**NONE, **ONE)


def test_a_deployment_makes_no_backup_counts_no_rows_and_leaves_no_schema(without: Any) -> None:
    containers = tuple(one for one in running("web:latest") if one.service == "web")
    made = plan_deploy(without, deployed(containers=containers), containers, TARGET, secrets={}, backup=BACKUP, operator="ann", tree=TREE)
    assert "backup-dump" not in [str(step.key) for step in made.steps]
    assert ("Back up the database", "notes are files in a volume") in [(one.title, one.reason) for one in made.skipped]
    gates = [getattr(action, "name", "") for step in made.steps for action in step.actions]
    assert "rows written before" not in gates
    (watch,) = (action for step in made.steps if step.key == "watch" for action in step.actions if hasattr(action, "watch_s") or
                hasattr(action, "conclude"))
    assert "rows written since" not in [question.name for question in watch.questions]  # type: ignore[attr-defined]
    assert not [step.undone_note for step in made.steps if step.undone_note]
    assert "32 Restore" not in made.failed_rollback_hint


def test_nothing_of_it_is_asked_and_no_question_ends_what_needs_none(without: Any) -> None:
    asked = ScriptedConnections()
    assert schema_revision(without).fetch(asked) is None
    assert if_available(survey_databases(without)).fetch(asked) is None
    for needed in (survey_databases(without), survey_drills(without)):
        with pytest.raises(AbsentPart, match="notes are files in a volume"):
            needed.fetch(asked)
    assert end_leftovers(without, "migration").argv[-4:] == ("", "", "", "migration")


def test_its_backups_are_not_applicable_and_never_overdue(without: Any) -> None:
    assert [(one.verdict, one.measured) for one in last_backup(EMPTY, without)] == [(Verdict.NOT_APPLICABLE, WHY)]
    assert plan_backup(EMPTY, without) == Plan("back up nothing", "shop", reason="notes are files in a volume")


def test_40_asks_the_services_and_no_database_that_is_not_there() -> None:
    probed = shop(**NONE, **{**ONE, "services": {"web": {"title": "Web", "ports": [8000], "probe": {"path": "/up"}}}})
    there = ScriptedConnections(commands={"bash -s -- shop": "web\tup\t0.1\t172.20.0.8\t\tanswers\n"})
    assert [(one.service, one.works) for one in ask_services(probed).fetch(there)] == [("web", True)]


def test_a_schedule_takes_the_configuration_alone(without: Any) -> None:
    assert [one.name for one in planned_schedules(without)] == ["backup_configuration"]
    assert "backup_database" not in cron_block(without)
    assert not [name for name in job_programs(without) if "database" in name]


def test_a_rollback_has_no_schema_that_earlier_code_could_fail_on(without: Any) -> None:
    data = schema_rollback(without, deployed(), "a" * 40, {}, None, database="keep").fetch(ScriptedConnections())
    *_, found = rollback_preconditions(without, deployed(), CHOICE, TREE, data, database="keep")
    assert (found.verdict, found.measured) == (Verdict.NOT_APPLICABLE, WHY)
    assert "No row is lost" in data.data_impact("keep")
    assert database_name_confirmed(without, "", "apply", required=False).verdict is Verdict.PASSED


def test_a_slip_in_the_projects_name_is_refused_all_the_same(without: Any) -> None:
    nothing = earlier_run(without, deployed(containers=()), ())
    assert (nothing.verdict, "no container and no data" in nothing.measured) == (Verdict.FAILED, True)
    there = earlier_run(without, deployed(), running("web:latest"))
    assert (there.verdict, there.measured) == (Verdict.NOT_APPLICABLE, WHY)


def test_the_doctor_calls_what_needs_one_not_for_here_and_nothing_broken(without: Any) -> None:
    found = {one.notebook[:2]: one.verdict for one in examine(without, offline=True)}
    assert {name for name, verdict in found.items() if verdict == "not here"} >= {"30", "31", "32"}
    assert found["62"] != "not here"  # the rest of it has an answer all the same
    assert "no" not in found.values()
