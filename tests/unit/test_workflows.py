"""The workflows are valid, keep to least privilege, and run notebooks that exist with parameters they have."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.schema_check import CHECK

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
DEPLOY = ROOT / ".github/workflows/deploy-staging.yml"
PLANNED_STAGES = ["Pre-deployment validation", "Build and test", "Deploy", "Post-deployment verification"]
PROGRAMS = Path(sys.executable).parent


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(), Loader=yaml.BaseLoader))  # BaseLoader: `on` stays a word


def steps(path: Path) -> list[dict[str, Any]]:
    document = read(path)
    jobs = document.get("jobs", {"action": document.get("runs", {})})
    return [step for job in jobs.values() for step in job.get("steps", [])]


def runbook_calls(path: Path) -> list[list[str]]:
    """The words of every `runbook run …` in the workflow."""
    scripts = [step["run"].replace("\\\n", " ") for step in steps(path) if "run" in step]
    lines = [line for script in scripts for line in script.splitlines() if "runbook run" in line]
    return [shlex.split(line) for line in lines]


def papermill_calls(path: Path) -> list[list[str]]:
    """The words of every `.venv/bin/papermill …` in a workflow."""
    return [words for step in steps(path) for words in papermill_commands(step.get("run", ""))]


def papermill_commands(script: str) -> list[list[str]]:
    """The words of every call of papermill in a script."""
    lines = script.replace("\\\n", " ").split("\n")
    return [shlex.split(line) for line in lines if line.strip().startswith(".venv/bin/papermill ")]


def complaints(*argv: str | Path) -> str:
    """What a checker says when it is not content; empty when it is."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, cwd=ROOT, timeout=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(("schema", "paths"), [("workflows", WORKFLOWS), ("actions", ACTIONS)])
def test_workflows_and_actions_are_what_the_platform_understands(schema: str, paths: list[Path]) -> None:
    assert paths
    assert complaints(*CHECK, f"vendor.github-{schema}", *paths) == ""


def test_no_known_weakness_is_in_the_workflows() -> None:
    assert complaints(PROGRAMS / "zizmor", "--offline", "--no-progress", ROOT / ".github") == ""


def test_a_weak_workflow_is_noticed(tmp_path: Path) -> None:
    weak = tmp_path / ".github/workflows/weak.yml"
    weak.parent.mkdir(parents=True)
    steps_of_a = "    runs-on: x\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n"
    weak.write_text(f"on: issues\njobs:\n  a:\n{steps_of_a}")
    assert "template-injection" in complaints(PROGRAMS / "zizmor", "--offline", "--no-progress", weak)
    weak.write_text("on: push\njobs:\n  a:\n    steps: []\n    nonsense: 1\n")
    assert complaints(*CHECK, "vendor.github-workflows", weak) != ""


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=name_of)
def test_actions_of_others_are_pinned_by_commit(path: Path) -> None:
    uses = [step["uses"] for step in steps(path) if "uses" in step]
    assert [use for use in uses if not use.startswith("./") and not re.search(r"@[0-9a-f]{40}$", use)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_may_only_read_the_repository(path: Path) -> None:
    document = read(path)
    assert document["permissions"] == {"contents": "read"}
    assert [key for key, job in document["jobs"].items() if "permissions" in job] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_every_job_ends_by_itself(path: Path) -> None:
    assert [key for key, job in read(path)["jobs"].items() if "timeout-minutes" not in job] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_expressions_reach_scripts_only_as_variables(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


def test_the_deployment_has_the_stages_of_the_plan_in_its_order() -> None:
    jobs = read(DEPLOY)["jobs"]
    assert [job["name"] for job in jobs.values()] == PLANNED_STAGES
    keys = list(jobs)
    assert [job.get("needs") for job in jobs.values()] == [None, *keys[:-1]]


def test_only_one_operation_on_staging_runs_at_a_time() -> None:
    for path in WORKFLOWS:
        if runbook_calls(path) or papermill_calls(path):
            assert read(path)["concurrency"] == {"group": "staging", "cancel-in-progress": "false"}


def test_the_deployment_names_the_secrets_of_the_environment() -> None:
    from runbook_lib.environment import load_environment

    named = set(re.findall(r"secrets\.(\w+)", DEPLOY.read_text()))
    declared = load_environment("staging").secrets
    assert named <= set(declared)
    # what reaches the optional alert channels is set on the server, not by a deployment
    optional = {"STAGING_SLACK_WEBHOOK", "STAGING_PAGERDUTY_KEY"}
    assert set(declared) - named <= optional


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_evidence_is_uploaded_whatever_happens(path: Path) -> None:
    for job in read(path)["jobs"].values():
        if any(word in step.get("run", "") for step in job["steps"] for word in ("runbook run", "bin/papermill")):
            last = job["steps"][-1]
            assert last["if"] == "always()"
            assert last["with"]["path"] == "outputs/"


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_run_notebooks_that_exist_with_parameters_they_have(path: Path) -> None:
    from runbook_lib.contract import read_contract

    for words in runbook_calls(path):
        name = words[words.index("run") + 1]
        known = read_contract(name).names
        given = {word.split("=")[0] for flag, word in pairwise(words) if flag == "-p"}
        given |= {"mode", "confirm"} if "--apply" in words else set()
        given |= {"reason"} if "--reason" in words else set()
        assert given <= set(known), f"{name} has no parameter {sorted(given - set(known))}"


def test_what_only_reads_is_run_by_papermill_and_what_changes_anything_by_the_runner() -> None:
    """Plain papermill gives a stopped run seconds to undo; where there is nothing to undo, anyone's papermill will do."""
    by_papermill = [Path(words[1]).stem for path in WORKFLOWS for words in papermill_calls(path)]
    assert by_papermill == ["21_verify", "00_start_here", "21_verify"]
    assert {words[words.index("run") + 1] for path in WORKFLOWS for words in runbook_calls(path)} == {
        "10_preflight", "20_deploy", "30_backup_database"}


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [(path, words) for path in WORKFLOWS for words in papermill_calls(path)]
WRITTEN += [(path, words) for path in PAGES for words in papermill_commands(path.read_text())]


@pytest.mark.parametrize(("path", "words"), WRITTEN, ids=[f"{path.name}-{at}" for at, (path, _) in enumerate(WRITTEN)])
def test_papermill_is_called_with_a_notebook_a_file_for_it_and_parameters_it_has(path: Path, words: list[str]) -> None:
    from runbook_lib.contract import read_contract

    notebook, file = ROOT / words[1], ROOT / words[words.index("-f") + 1]
    assert notebook.is_file()
    assert f"papermill {words[1]} " in file.read_text().split("\n")[0]
    values = yaml.safe_load(file.read_text())
    values |= {name: text for flag, name, text in zip(words, words[1:], words[2:], strict=False) if flag == "-r"}
    assert read_contract(notebook.stem).check(values)["environment"]
    if path in WORKFLOWS:
        # next to the archive, so that it is uploaded with it; -r: papermill's -p guesses types
        assert Path(words[2]).parent == Path("outputs")
        assert "-p" not in words
        assert "mode" not in values


def test_the_readme_shows_papermill_as_the_workflows_use_it() -> None:
    (shown,) = [words for path, words in WRITTEN if path == ROOT / "README.md"]
    used = [words for path, words in WRITTEN if path in WORKFLOWS]
    assert [words[:5] for words in used if words[1] == shown[1]] == [shown[:5]]


SET_UP_S = 600  # checkout, Python, packages, and uploading the evidence


def stop_limits() -> dict[str, float]:
    """How long stopping each notebook that changes staging may take, from its plan at its largest."""
    from runbook_lib.core.redaction import Secret
    from runbook_lib.environment import load_environment
    from runbook_lib.execution.time_limits import JOB_S, SEAL_S, stop_limit_s
    from tests.unit.release.plans import test_deploy as deploy

    environment = load_environment("staging")
    secrets = {name: Secret(name, f"value-of-{name}-0123456789") for name in environment.server_secrets}
    before = deploy.after(environment, deploy.EMPTY, deploy.target(deploy.OLD, "v3.1.0"), secrets)
    plans = [deploy.plan(environment, deployed, secrets, deploy.target()) for deployed in (deploy.EMPTY, before)]
    assert all(plan.undo_on_failure for plan in plans)
    return {"20_deploy": max(map(stop_limit_s, plans)), "30_backup_database": JOB_S + SEAL_S}


@pytest.mark.parametrize("path", [path for path in WORKFLOWS if runbook_calls(path) or papermill_calls(path)], ids=name_of)
def test_a_job_lasts_longer_than_its_runs_and_their_undo(path: Path) -> None:
    from runbook_lib.headless.signals import GRACE_S, LAST_GRACE_S

    limits = stop_limits()
    for job in read(path)["jobs"].values():
        calls = [shlex.split(line) for step in job["steps"] for line in step.get("run", "").replace("\\\n", " ").splitlines()
                 if "runbook run" in line]
        needed_s = float(SET_UP_S)
        for words in calls:
            name = words[words.index("run") + 1]
            assert "--timeout" in words, f"{name} has no time limit of its own"
            assert "--apply" not in words or name in limits, f"how long may stopping {name} take?"
            needed_s += float(words[words.index("--timeout") + 1]) + max(GRACE_S, limits.get(name, 0.0)) + LAST_GRACE_S
        for step in job["steps"]:
            if papermill_commands(step.get("run", "")):  # papermill has no limit for a whole run; the step's is what counts
                needed_s += 60 * int(step["timeout-minutes"])
        assert needed_s == SET_UP_S or needed_s <= 60 * int(job["timeout-minutes"]), f"{path.name}, {job['name']}: {needed_s / 60:.0f} minutes"
