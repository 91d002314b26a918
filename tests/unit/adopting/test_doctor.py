"""Notebook by requirement: what cannot run lacks something, what was not asked is not known, and neither is a pass."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.adopting import doctor, server_answers
from runbook_lib.adopting.doctor import as_record, diagnose, examine, exit_code, table
from runbook_lib.contract.catalogue import Runbook, runbooks
from runbook_lib.contract.requirements import REQUIREMENTS, Answer
from runbook_lib.core.errors import NotebookUnknown
from runbook_lib.environment import load_environment
from tests.unit.environment_doubles import ENVIRONMENTS

YES, NO, UNKNOWN = Answer(True, "fine"), Answer(False, "not there", "put it there"), Answer(None, "no answer")
NONE = Answer(False, "not given", "give it", declared=True)


def notebook(folder: Path, name: str, needs: list[str], uses: list[str]) -> Runbook:
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {"runbook": {"needs": needs, "uses": uses}}}))
    return Runbook(name, path)


def verdicts(folder: Path, answers: dict[str, Answer]) -> dict[str, Any]:
    notebooks = [notebook(folder, "41_metrics", ["ssh", "metrics"], ["logs"]), notebook(folder, "49_disk", ["ssh"], [])]
    found = diagnose(notebooks, answers)
    return {"verdicts": [one.verdict for one in found], "code": exit_code(found, offline=False), "table": table(found),
            "record": as_record(found)}


@pytest.mark.parametrize(("answers", "expected", "code"), [
    ({"ssh": YES, "metrics": YES, "logs": YES}, ["yes", "yes"], 0),
    ({"ssh": YES, "metrics": NO, "logs": YES}, ["no", "yes"], 1),
    ({"ssh": YES, "metrics": YES, "logs": NO}, ["yes", "yes"], 0),
    ({"ssh": UNKNOWN, "metrics": YES, "logs": YES}, ["not known", "not known"], 4),
    ({"ssh": UNKNOWN, "metrics": NO}, ["no", "not known"], 1),
    ({"ssh": YES, "metrics": NONE}, ["not here", "yes"], 0),
    ({"ssh": NO, "metrics": NONE}, ["no", "no"], 1),
    ({"ssh": UNKNOWN, "metrics": NONE}, ["not here", "not known"], 4),
    ({"ssh": YES}, ["not known", "yes"], 4),
])
def test_a_notebook_runs_where_everything_that_it_needs_is_there(tmp_path: Path, answers: dict[str, Answer], expected: list[str],
                                                                 code: int) -> None:
    found = verdicts(tmp_path, answers)
    assert (found["verdicts"], found["code"]) == (expected, code)


def test_what_the_first_deployment_gives_is_not_broken_before_it(tmp_path: Path) -> None:
    waiting = notebook(tmp_path, "21_verify", ["ssh", "strategy", "recorded"], [])
    answers = {"ssh": YES, "strategy": YES, "recorded": NO}
    found = diagnose([waiting], answers)
    assert (found[0].verdict, exit_code(found, offline=False)) == ("not yet", 0)
    assert table(found)[-1] == "1 not before the first deployment."
    assert diagnose([waiting], answers | {"strategy": NONE})[0].verdict == "not here"
    assert diagnose([waiting], answers | {"ssh": NO})[0].verdict == "no"


def test_what_is_lacking_is_shown_once_with_the_change(tmp_path: Path) -> None:
    text = "\n".join(verdicts(tmp_path, {"ssh": YES, "metrics": NO, "logs": UNKNOWN})["table"])
    assert text.count("change: put it there") == 1
    assert "metrics: metrics in a Prometheus" in text
    assert "now: no answer" in text


def test_the_same_for_machines(tmp_path: Path) -> None:
    first = verdicts(tmp_path, {"ssh": YES, "metrics": NO})["record"][0]
    assert (first["notebook"], first["verdict"]) == ("41_metrics", "no")
    assert first["requirements"][1] == {"name": "metrics", "title": REQUIREMENTS["metrics"].title, "needed": True,
                                        "met": False, "declared": False, "measured": "not there", "change": "put it there"}
    assert first["requirements"][2]["needed"] is False


def test_offline_nothing_is_asked_and_what_the_file_shows_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "open_connections", lambda *given, **more: pytest.fail("something was contacted"))
    monkeypatch.setattr(doctor, "load_secrets", lambda environment: pytest.fail("secrets were read"))
    found = examine(load_environment(str(ENVIRONMENTS / "staging.yaml")), offline=True)
    assert len(found) >= 18
    assert exit_code(found, offline=True) == 0
    assert {one.notebook for one in found if one.verdict == "yes"} == {"44_notify"}
    gone = load_environment(str(ENVIRONMENTS / "staging.yaml")).model_copy(update={"logs": {}})
    lacking = {one.notebook: one.lacking for one in examine(gone, offline=True) if one.lacking}
    assert lacking == {"43_log_review": ("logs",)}
    assert exit_code(examine(gone, offline=True), offline=True) == 0, "what a file has none of is not broken"


def test_one_notebook_is_examined_alone_and_a_slip_in_its_name_contacts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "open_connections", lambda *given, **more: pytest.fail("something was contacted"))
    staging = load_environment(str(ENVIRONMENTS / "staging.yaml"))
    assert [one.notebook for one in examine(staging, offline=True, notebook="43")] == ["43_log_review"]
    with pytest.raises(NotebookUnknown):
        examine(staging, offline=False, notebook="43_log_revue")


@pytest.mark.parametrize("answer", [YES, NO, UNKNOWN, NONE, Answer(False, "x " * 300, f"{'y' * 40} " * 9, declared=True)])
def test_the_table_fits_100_columns_whatever_is_lacking(answer: Answer) -> None:
    lines = table(diagnose(runbooks(), dict.fromkeys(REQUIREMENTS, answer)))
    assert max(map(len, lines)) <= 100
    names = [one.name for one in runbooks()]
    # the first word of a line that is not indented, up to the empty one
    assert [line.split()[0] for line in lines[1:len(names) + 1]] == names


def test_each_requirement_says_which_notebooks_it_concerns_and_a_sum_ends_the_table() -> None:
    lines = table(diagnose(runbooks(), dict.fromkeys(REQUIREMENTS, YES) | {"logs": NONE}))
    assert [line for line in lines if line.startswith("logs: ")] == ["logs: logs that the file names"]
    assert "    needed by 43" in lines
    assert lines[-1] == f"{len(runbooks()) - 1} can run, 1 not for this environment."


def test_what_the_file_says_of_some_services_hides_nothing_that_the_server_shows_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {"probes": Answer(False, "web: /up answers 301; not asked itself, its container alone: worker"),
            "metrics": Answer(True, "asked all the same")}
    monkeypatch.setattr(server_answers, "ask_server", lambda *given: dict.fromkeys(REQUIREMENTS, YES) | seen)
    monkeypatch.setattr(doctor, "open_connections", lambda *given, **more: contextlib.nullcontext())
    monkeypatch.setattr(doctor, "load_secrets", lambda environment: {})
    staging = load_environment(str(ENVIRONMENTS / "staging.yaml"))
    services = staging.services | {"worker": staging.services["backend"].model_copy(update={"probe": None})}
    [found] = examine(staging.model_copy(update={"services": services, "metrics": {}}), offline=False, notebook="40")
    assert found.answers["probes"].measured == seen["probes"].measured
    assert found.answers["metrics"].met is False, "what the file says is not asked again"
