"""Every notebook declares what it needs, by names that `runbook doctor` can answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.contract.catalogue import Runbook, find_runbook, runbooks
from runbook_lib.contract.requirements import REQUIREMENTS, needs_of
from runbook_lib.core.errors import BadParameter, EnvironmentInvalid
from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.services import Service
from tests.unit.environment.test_without_database import NONE, ONE
from tests.unit.environment_doubles import ENVIRONMENTS
from tests.unit.shop_environment import shop


@pytest.fixture(scope="module")
def staging() -> Environment:
    return load_environment(str(ENVIRONMENTS / "staging.yaml"))


def notebook(folder: Path, metadata: Any) -> Runbook:
    path = folder / "49_disk.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": metadata}))
    return Runbook("49_disk", path)


@pytest.mark.parametrize("runbook", runbooks(), ids=lambda one: one.name)
def test_every_notebook_declares_what_it_needs(runbook: Runbook) -> None:
    assert needs_of(runbook).needs


def test_every_requirement_is_declared_by_a_notebook() -> None:
    assert {name for runbook in runbooks() for name in needs_of(runbook).all} == set(REQUIREMENTS)


def test_both_lists_are_read(tmp_path: Path) -> None:
    found = needs_of(notebook(tmp_path, {"runbook": {"needs": ["ssh"], "uses": ["metrics", "logs"]}}))
    assert found.all == ("ssh", "metrics", "logs")


@pytest.mark.parametrize(("declared", "fault"), [
    (None, "should have"), ({}, "should have"), ({"needs": []}, "should have"), ({"needs": "ssh"}, "should have"),
    ([], "should have"), ({"needs": ["ssh"], "uses": None}, "should have"),
    ({"needs": ["shh"]}, "shh is not a requirement; did you mean 'ssh'?"), ({"needs": [1]}, "1 is not a requirement"),
    ({"needs": ["ssh"], "uses": ["ssh"]}, "names a requirement twice"),
])
def test_a_declaration_that_cannot_be_used_is_refused(tmp_path: Path, declared: Any, fault: str) -> None:
    with pytest.raises(BadParameter) as caught:
        needs_of(notebook(tmp_path, {"runbook": declared}))
    assert fault in caught.value.what
    assert "49_disk" in caught.value.where


@pytest.mark.parametrize("metadata", [None, [], {"runbook": 5}])
def test_a_notebook_without_metadata_declares_nothing(tmp_path: Path, metadata: Any) -> None:
    with pytest.raises(BadParameter):
        needs_of(notebook(tmp_path, metadata))


def test_the_plans_environment_has_what_its_file_can_show(staging: Environment) -> None:
    met = {name: answer.met for name, one in REQUIREMENTS.items() if (answer := one.judge(staging))}
    assert met == {"release_answer": True, "strategy": True, "metrics": True, "logs": True, "alert_channel": True,
                   "alert_drill": False, "load_target": True, "own_database": True, "watch_reads": True, "resources": True,
                   "dependencies": True, "rows": True}


@pytest.mark.parametrize(("name", "change"), [
    ("strategy", {"services": {}}), ("metrics", {"metrics": {}}), ("logs", {"logs": {}}), ("load_target", {"name": "other"}),
    ("load_target", {"load_test": None}), ("alert_drill", {}),
])
def test_what_an_environment_lacks_comes_with_the_change_that_gives_it(staging: Environment, name: str,
                                                                       change: dict[str, Any]) -> None:
    answer = REQUIREMENTS[name].judge(staging.model_copy(update=change))
    assert answer is not None
    assert answer.met is False
    assert answer.change


def test_an_application_with_one_container_a_service_can_be_backed_up_and_restored() -> None:
    lacking = {name: answer for name, one in REQUIREMENTS.items() if (answer := one.judge(shop())) and not answer.met}
    for name in ("30_backup_database", "31_restore_drill", "32_restore_database", "33_backup_configuration", "34_install_schedules"):
        assert not set(needs_of(find_runbook(name)).needs) & set(lacking), name
    for name in ("10_preflight", "20_deploy", "21_verify", "22_rollback"):
        assert not set(needs_of(find_runbook(name)).needs) & set(lacking), name


def test_of_a_release_that_replaces_another_one_it_is_known_who_migrates() -> None:
    judge = REQUIREMENTS["strategy"].judge
    answer = judge(shop().model_copy(update={"migrations": None}))
    assert answer is not None
    assert (answer.met, answer.measured) == (False, "recreate: web, worker; but who migrates the database is not known")
    assert "without.migrations" in answer.change
    known = judge(shop())
    assert known is not None and known.met


@pytest.mark.parametrize("name", ["21_verify", "22_rollback"])
def test_what_compares_with_the_release_history_needs_one(name: str) -> None:
    assert "recorded" in needs_of(find_runbook(name)).needs


def test_a_channel_needs_what_sends_its_messages(staging: Environment) -> None:
    mail = staging.alerts.channels["email"]
    alone = staging.model_copy(update={"alerts": staging.alerts.model_copy(update={"channels": {"email": mail}})})
    answer = REQUIREMENTS["alert_channel"].judge(alone)
    assert answer is not None
    assert answer.met is False, "no mail server is named"


def test_the_page_and_the_secrets_are_asked_only_where_there_are_any(staging: Environment) -> None:
    assert REQUIREMENTS["browser"].judge(staging) is None
    pageless = staging.model_copy(update={"gate": staging.gate.model_copy(update={"page": None})})
    answer = REQUIREMENTS["browser"].judge(pageless)
    assert answer is not None
    assert answer.met is None
    none = REQUIREMENTS["secrets"].judge(staging.model_copy(update={"secrets": {}}))
    assert none is not None
    assert none.met


# what the tests of the lab run on an application that runs once (tests/lab/applications/test_shop.py)
@pytest.mark.parametrize("name", ["00_start_here", "30_backup_database", "31_restore_drill", "32_restore_database",
                                  "33_backup_configuration"])
def test_an_application_that_runs_once_lacks_nothing_for_what_runs_on_it(name: str) -> None:
    (runbook,) = [one for one in runbooks() if one.name == name]
    environment = shop()
    answers = {need: REQUIREMENTS[need].judge(environment) for need in needs_of(runbook).needs}
    assert [need for need, answer in answers.items() if answer and answer.met is False] == []


def test_the_files_of_variables_are_asked_for_where_compose_is_called_with_both(staging: Environment) -> None:
    assert REQUIREMENTS["variable_files"].judge(staging) is None
    own = REQUIREMENTS["variable_files"].judge(shop())
    assert own is not None
    assert own.met


@pytest.mark.parametrize("name", ["20_deploy", "21_verify", "22_rollback"])
def test_what_follows_a_deployment_needs_a_strategy_and_no_reply_that_names_the_release(name: str) -> None:
    (runbook,) = [one for one in runbooks() if one.name == name]
    needs = needs_of(runbook)
    assert "strategy" in needs.needs, "without one no release can follow another"
    # else the tags of the images are the proof (platform/checks/endpoints.py: shown_by_image)
    assert "release_answer" in needs.uses


@pytest.mark.parametrize(("services", "probes", "dependencies"), [
    ({"web": {"ports": [80]}, "db": {"ports": [5432]}}, False, False),
    ({"web": {"ports": [80], "probe": {}, "needs": ["db"]}, "db": {"ports": [5432], "probe": {"kind": "postgres"}}}, None, True),
    ({"web": {"ports": [80], "needs": ["db"], "probe": {}}, "db": {"ports": [5432]}}, False, True),
    ({"web": {}}, True, True),
    ({"web": {"ports": [80], "probe": {}}, "api": {}}, None, False),
    ({"web": {"ports": [80], "probe": {}}, "old": {"ports": [81], "required": False, "absent_reason": "not here"}}, None, True),
    ({"web": {}, "old": {"ports": [81], "probe": {}, "required": False, "absent_reason": "not here"}}, True, True),
])
def test_what_40_could_ask_and_cannot_is_named(services: dict[str, Any], probes: bool | None, dependencies: bool) -> None:
    whole = {name: {"title": name, **one} for name, one in ({"worker": {}} | services if "db" in services else services).items()}
    environment = shop().model_copy(update={"services": {name: Service.model_validate_json(json.dumps(one)) for name, one in whole.items()}})
    asked, needed = (REQUIREMENTS[name].judge(environment) for name in ("probes", "dependencies"))
    assert (asked.met if asked else None, needed.met if needed else None) == (probes, dependencies)
    if asked and not asked.met:
        assert "db" in asked.measured
        assert "worker" not in asked.measured, "what listens nowhere cannot be asked"


@pytest.mark.parametrize(("changes", "met"), [
    ({}, None), ({"without": {"cache": "x", "monitoring": "x", "smoke": "x", "writes": "once a week"}}, True),
    ({"without": {"cache": "x", "monitoring": "x"}, "smoke": {"service": "web", "leaves": "x", "steps": [
        {"name": "a", "method": "POST", "path": "/a", "writes": True}]}}, True),
    ({"without": {"cache": "x", "monitoring": "x"}, "smoke": {"service": "web", "steps": [{"name": "a", "path": "/a"}]}}, None),
])
def test_what_shows_the_database_of_a_release(changes: dict[str, Any], met: bool | None) -> None:
    answer = REQUIREMENTS["rows"].judge(shop(**changes))
    assert (answer.met if answer else None) is met


def test_without_a_database_no_rows_can_show_one() -> None:
    alone = shop(**NONE, **ONE)
    assert REQUIREMENTS["rows"].judge(alone) == REQUIREMENTS["database"].judge(alone)


def test_a_step_that_writes_and_a_reason_why_none_does_are_not_both_given() -> None:
    smoke = {"service": "web", "leaves": "x", "steps": [{"name": "a", "method": "POST", "path": "/a", "writes": True}]}
    with pytest.raises(EnvironmentInvalid, match=r"without\.writes: a step of smoke with `writes` is given as well"):
        shop(without={"cache": "x", "monitoring": "x", "writes": "x"}, smoke=smoke)


def test_what_the_file_says_that_there_is_none_of_comes_with_its_reason(staging: Environment) -> None:
    bare = staging.model_copy(update={"metrics": {}, "monitoring": None, "without": {"monitoring": "its owners keep no metrics"}})
    answer = REQUIREMENTS["metrics"].judge(bare)
    assert answer is not None
    assert (answer.met, answer.measured) == (False, "not here: its owners keep no metrics")
    assert "run a Prometheus" not in answer.change
