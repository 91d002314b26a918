"""The command line: what it prints, what it refuses, and the exit code of each."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import cli, headless
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run, seal
from runbook_lib.contract.catalogue import Runbook
from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.headless import HeadlessOutcome
from tests.notebooks.sample_notebooks import ROOT, ProjectDir


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectDir:
    made = ProjectDir(tmp_path / "home")
    made.add("10_preflight")
    made.add("20_deploy")
    made.add("22_undeploy")
    monkeypatch.setenv("RUNBOOK_HOME", str(made.path))
    return made


def runbook(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["runbook", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the runner was asked to do; it answers with exit code 4."""
    asked: dict[str, Any] = {}

    def run_notebook(notebook: Runbook, parameters: dict[str, Any], **options: Any) -> HeadlessOutcome:
        asked.update(name=notebook.name, parameters=parameters, **options)
        return HeadlessOutcome(4, "20261122T160501Z-7f3a9c", Path("out"), "inconclusive", "inconclusive", "No data.")

    monkeypatch.setattr(headless, "run_notebook", run_notebook)
    return asked


def test_list_names_every_notebook(project_dir: ProjectDir, capsys: Any, monkeypatch: Any) -> None:
    code, out, err = runbook(capsys, monkeypatch, "list")
    assert code == 0
    assert err == f"3 notebooks in {project_dir.path / 'notebooks'}:\n"
    assert [line.split()[0] for line in out.splitlines()] == ["10_preflight", "20_deploy", "22_undeploy"]


def test_help_has_whole_sentences_and_begins_with_what_an_operator_needs(capsys: Any, monkeypatch: Any) -> None:
    """It began with how a notebook is written, and two of its lines ended in dots."""
    code, out, _ = runbook(capsys, monkeypatch, "--help")
    lines = out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == ["list", "show", "run", "doctor", "adopt", "new", "check", "archive"]
    assert (code, [line for line in lines if not line.endswith(".") or line.endswith("...")]) == (0, [])


@pytest.mark.parametrize("command", [("run",), ("new",), ("adopt",), ("doctor",), ("archive", "list"), ("archive", "verify")])
def test_an_option_names_what_it_takes_and_no_type_of_a_library(command: tuple[str, ...], capsys: Any, monkeypatch: Any) -> None:
    _, out, _ = runbook(capsys, monkeypatch, *command, "--help")
    assert "<" not in out.partition("Options:")[2]


def test_the_version_has_the_commit_for_whoever_reports_a_bug(capsys: Any, monkeypatch: Any) -> None:
    code, out, _ = runbook(capsys, monkeypatch, "--version")
    assert code == 0
    assert re.match(r"runbook \d+\.\d+\.\d+(, commit [0-9a-f]{40,64}(, with changed files)?)?\n$", out)


def test_show_tells_card_and_parameters(project_dir: ProjectDir, capsys: Any, monkeypatch: Any) -> None:
    code, out, _ = runbook(capsys, monkeypatch, "show", "10")
    assert code == 0
    assert "A fixture." in out
    assert "how often" in out
    shown = json.loads(runbook(capsys, monkeypatch, "show", "10", "--json")[1])
    assert shown["parameters"][0]["name"] == "environment"


@pytest.mark.parametrize(("word", "name"), [
    ("20", "20_deploy"), ("deploy", "20_deploy"), ("20_deploy", "20_deploy"), ("flight", "10_preflight"),
    ("20_deploy.ipynb", "20_deploy"),
])
def test_a_notebook_is_found_by_number_word_or_part(project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any,
                                                    word: str, name: str) -> None:
    assert runbook(capsys, monkeypatch, "run", word)[0] == 4
    assert given["name"] == name


@pytest.mark.parametrize(("word", "hint"), [
    ("deplyo", "did you mean 'deploy'"), ("ploy", "fits several notebooks: 20_deploy, 22_undeploy"),
    ("99", "There is no notebook '99'"),
])
def test_an_unclear_name_is_exit_2_with_a_hint(project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any,
                                               word: str, hint: str) -> None:
    code, _, err = runbook(capsys, monkeypatch, "run", word)
    assert code == 2
    assert hint in err
    assert "Traceback" not in err
    assert not given


def test_options_become_typed_parameters(project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any) -> None:
    words = ("-e", "nowhere", "-p", "version=1.10", "-p", "count=7", "--apply", "--confirm", "nowhere", "--reason", "x")
    code, out, _ = runbook(capsys, monkeypatch, "run", "deploy", *words, "--timeout", "60")
    assert given["parameters"] == {"environment": "nowhere", "version": "1.10", "count": 7, "mode": "apply",
                                   "confirm": "nowhere", "reason": "x"}
    assert given["timeout_s"] == 60
    assert code == 4
    assert "inconclusive: No data." in out


def test_a_file_gives_parameters_and_options_win(project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any) -> None:
    file = project_dir.path / "x.yaml"
    file.write_text("count: 5\nversion: '2.0'\n")
    runbook(capsys, monkeypatch, "run", "deploy", "-f", str(file), "-p", "count=7")
    assert given["parameters"] == {"count": 7, "version": "2.0"}


@pytest.mark.parametrize("words", [
    ("-p", "count=many"), ("-p", "cuont=3"), ("-p", "count"), ("-p", "count=1", "-p", "count=2"), ("--bogus",),
    ("-f", "missing.yaml"), ("--timeout", "0"), ("-e", "lab", "-e", "staging"), ("-e", "lab", "-p", "environment=staging"),
    ("--apply", "-p", "mode=plan"), ("--confirm", "nowhere"), ("--reason", "a", "--reason", "b"), ("-f", "a.yaml", "-f", "b.yaml"),
])
def test_wrong_options_are_exit_2_without_a_traceback(project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any,
                                                      words: tuple[str, ...]) -> None:
    code, _, err = runbook(capsys, monkeypatch, "run", "deploy", *words)
    assert code == 2
    assert err
    assert "Traceback" not in err
    assert not given


def test_errors_say_what_where_and_next_on_stderr(project_dir: ProjectDir, capsys: Any, monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise EnvironmentInvalid("wrong", where="x.yaml", next_step="Correct it.")

    monkeypatch.setattr(headless, "run_notebook", refuse)
    code, out, err = runbook(capsys, monkeypatch, "run", "deploy", "-e", "nowhere")
    assert (code, out, err) == (2, "", "wrong\nWhere: x.yaml\nNext: Correct it.\n")


def test_a_ctrl_c_before_anything_was_started_says_so_and_is_no_silence(
    project_dir: ProjectDir, capsys: Any, monkeypatch: Any
) -> None:
    def pressed(*words: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(headless, "run_notebook", pressed)
    code, out, err = runbook(capsys, monkeypatch, "run", "10", "-e", "nowhere")
    assert (code, out, err) == (1, "", "Stopped. No run was begun.\n")


def test_a_request_to_end_before_anything_was_started_is_explained_too(
    project_dir: ProjectDir, capsys: Any, monkeypatch: Any
) -> None:
    """The default of SIGTERM would leave the shell's "Terminated" alone."""
    monkeypatch.setattr(headless, "run_notebook", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        assert runbook(capsys, monkeypatch, "run", "10", "-e", "nowhere")[::2] == (1, "Stopped. No run was begun.\n")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_environment_that_is_taken_by_default_is_named_with_the_others(
    project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any
) -> None:
    (project_dir.path / "parameters/environments/orders.yaml").write_text("extends: nowhere\n")
    _, out, err = runbook(capsys, monkeypatch, "run", "deploy", "--json")
    assert err == "No environment is named (-e): nowhere, the notebook's default. Others: orders, staging.\n"
    assert json.loads(out)["exit_code"] == 4  # standard output is JSON and nothing else
    assert "environment" not in given["parameters"]
    file = project_dir.path / "x.yaml"
    file.write_text("environment: orders\n")
    for words in (("-e", "orders"), ("-p", "environment=orders"), ("-f", str(file))):
        assert runbook(capsys, monkeypatch, "run", "deploy", *words)[2] == ""


def test_json_outcome_is_json_and_nothing_else(project_dir: ProjectDir, given: Any, capsys: Any, monkeypatch: Any) -> None:
    code, out, _ = runbook(capsys, monkeypatch, "run", "deploy", "--json")
    assert code == 4
    assert json.loads(out)["verdict"] == "inconclusive"


def sealed_run(outputs: Path) -> Path:
    folder = new_run("20_deploy", outputs)
    with Journal(folder) as opened:
        opened.write("run_started", run_id=folder.run_id, notebook="20_deploy", environment="lab", operator="me")
        opened.write("run_finished", verdict="passed", state="finished", exit_code=0, summary="Fine.")
    seal(folder)
    return folder.path


def test_the_archive_is_listed_shown_and_verified(project_dir: ProjectDir, outputs: Path, capsys: Any, monkeypatch: Any) -> None:
    path = sealed_run(outputs)
    assert "20_deploy on lab by me" in runbook(capsys, monkeypatch, "archive", "list")[1]
    assert "Fine." in runbook(capsys, monkeypatch, "archive", "show", "last")[1]
    assert runbook(capsys, monkeypatch, "archive", "verify")[0] == 0
    (path / "report.html").write_text("changed")
    code, out, _ = runbook(capsys, monkeypatch, "archive", "verify", "last")
    assert code == 1
    assert "report.html" in out
    assert runbook(capsys, monkeypatch, "archive", "verify")[0] == 1


def test_an_unknown_run_is_exit_2(project_dir: ProjectDir, capsys: Any, monkeypatch: Any) -> None:
    code, _, err = runbook(capsys, monkeypatch, "archive", "show", "2019")
    assert code == 2
    assert "runbook archive list" in err


def test_listing_imports_nothing_heavy() -> None:
    probe = ("import sys; sys.argv = ['runbook', 'list']\nfrom runbook_lib.cli import main\n"
             "try:\n    main()\nexcept SystemExit:\n    pass\nprint(sorted(sys.modules), file=sys.stderr)")
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, cwd=ROOT, check=True)
    for heavy in ("papermill", "IPython", "paramiko", "matplotlib", "pandas", "docker", "nbformat", "jinja2"):
        assert f"'{heavy}'" not in done.stderr


def test_check_tells_what_a_notebook_lacks_and_ends_with_1(project_dir: ProjectDir, capsys: Any, monkeypatch: Any) -> None:
    code, out, _ = runbook(capsys, monkeypatch, "check", "deploy")
    assert code == 1
    assert "the row **To undo** is missing" in out
    assert "The card has a title" in out
    lacks = json.loads(runbook(capsys, monkeypatch, "check", "deploy", "--json")[1])
    assert lacks["notebook"] == "20_deploy"
    assert {"rule", "what"} == set(lacks["missing"][0])


def test_check_finds_nothing_missing_in_a_notebook_of_this_project(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    assert runbook(capsys, monkeypatch, "check", "20_deploy")[:2] == (0, "20_deploy: nothing is missing.\n")


def test_help_shows_no_list_where_an_option_may_be_given_once(capsys: Any, monkeypatch: Any) -> None:
    code, out, _ = runbook(capsys, monkeypatch, "run", "--help")
    assert code == 0
    assert "list[str]" not in out
    assert "--environment NAME" in out
