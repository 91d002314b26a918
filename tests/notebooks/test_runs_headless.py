"""Real notebooks in real kernels by our runner: each way to end, and the evidence that it leaves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs
from runbook_lib.core.errors import BadParameter, EnvironmentInvalid
from runbook_lib.headless import run_notebook
from tests.notebooks.sample_notebooks import CLOSE, GOOD, ROOT, SECRET, ProjectDir
from tests.notebooks.sealed_runs import is_sealed_and_unchanged, only_run


def everything_written(outputs: Path) -> bytes:
    return b"".join(path.read_bytes() for path in outputs.rglob("*") if path.is_file())


def test_a_good_notebook_passes_and_is_sealed(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_good", GOOD, CLOSE)
    outcome = run_notebook("good", {"reason": "a test"})
    assert (outcome.exit_code, outcome.verdict, outcome.state) == (0, "passed", "finished")
    assert outcome.folder == only_run(outputs)
    assert is_sealed_and_unchanged(outcome.folder)
    assert (outcome.folder / "report.html").exists()
    assert (outputs / "index.html").exists()
    assert [path.name for path in (project_dir.path / "notebooks").iterdir()] == ["10_good.ipynb"]


def test_a_cell_finds_what_lies_next_to_its_notebook_as_in_jupyterlab(
    project_dir: ProjectDir, outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project_dir.add("10_helped", "import helper_of_ours, json\nassert json.dumps", "assert open('data.csv').read() == 'a,b'", GOOD,
                             CLOSE).parent
    (folder / "helper_of_ours.py").write_text("")
    (folder / "json.py").write_text("raise AssertionError('a file that happens to lie there hides a library')")
    (folder / "data.csv").write_text("a,b")
    (tmp_path / "mine.yaml").write_bytes((project_dir.path / "parameters/environments/nowhere.yaml").read_bytes().replace(
        b"extends: staging", f"extends: {ROOT}/parameters/environments/staging.yaml".encode()))
    (tmp_path / "known_hosts").write_bytes((project_dir.path / "parameters/environments/known_hosts").read_bytes())
    monkeypatch.chdir(tmp_path)
    for environment in ("nowhere", "mine.yaml", "./mine.yaml"):  # a path counts from where the command was typed
        assert run_notebook("helped", {"environment": environment}).exit_code == 0, environment


def test_unknown_and_mistyped_parameters_stop_before_a_kernel_starts(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    project_dir.add("10_good", GOOD, CLOSE)
    monkeypatch.setattr(subprocess, "Popen", started)
    with pytest.raises(BadParameter, match="did you mean 'confirm'"):
        run_notebook("good", {"confrim": "nowhere"})
    with pytest.raises(BadParameter, match="count: should be a whole number, got 'many'"):
        run_notebook("good", {"count": "many"})
    with pytest.raises(EnvironmentInvalid):
        run_notebook("good", {"environment": "elsewhere"})
    assert list_runs(outputs) == []


@pytest.mark.parametrize(("kept", "saved"), [
    ('mode: str = "plan"', 'mode: str = "apply"'), ('confirm: str = ""', 'confirm: str = "nowhere"'),
    ("run.confirm(run.parameters.confirm)", 'run.confirm("nowhere")'),
])  # fmt: skip
def test_a_confirmation_saved_in_the_file_counts_for_no_run(project_dir: ProjectDir, outputs: Path, kept: str, saved: str) -> None:
    notebook = project_dir.add("10_good", GOOD, "run.confirm(run.parameters.confirm)", CLOSE)
    assert run_notebook("good", {}).exit_code == 0
    text = notebook.read_text()
    assert json.dumps(kept)[1:-1] in text
    notebook.write_text(text.replace(json.dumps(kept)[1:-1], json.dumps(saved)[1:-1]))
    with pytest.raises(BadParameter, match="A confirmation is saved in the notebook") as refused:
        run_notebook("good", {})
    assert "git checkout notebooks/10_good.ipynb" in str(refused.value)
    assert len(list_runs(outputs)) == 1


def test_a_failed_check_is_exit_1_and_an_unknown_one_exit_4(project_dir: ProjectDir, outputs: Path) -> None:
    look = "from runbook_lib.core.findings import finding\nrun.verify([finding('the sky', {good}, measured='grey')])"
    project_dir.add("10_failing", look.format(good="False"), CLOSE)
    project_dir.add("11_blind", look.format(good="None"), CLOSE)
    failing, blind = run_notebook("failing", {}), run_notebook("blind", {})
    assert (failing.exit_code, failing.verdict) == (1, "failed")
    assert (blind.exit_code, blind.verdict) == (4, "inconclusive")
    assert "the sky" in failing.summary


def test_a_failed_precondition_is_refused_with_exit_3_and_nothing_after_it_runs(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_refusing", "from runbook_lib.core.findings import finding\n"
             "run.require([finding('room', False, measured='3 GiB', next_step='Free space.')])",
             "open('ran-on', 'w')", CLOSE)
    outcome = run_notebook("refusing", {})
    assert (outcome.exit_code, outcome.state) == (3, "refused")
    assert "Next: Free space." in outcome.summary
    assert not (project_dir.path / "notebooks" / "ran-on").exists()
    assert is_sealed_and_unchanged(only_run(outputs))


def test_an_internal_error_is_exit_70_with_its_traceback_in_evidence_only(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_broken", "secret = run.secrets['STAGING_DB_PASSWORD'].reveal()\nraise ValueError('lost ' + secret)",
             CLOSE)
    outcome = run_notebook("broken", {})
    assert (outcome.exit_code, outcome.state) == (70, "failed")
    folder = only_run(outputs)
    errors = [event for event in journal.read(folder) if event["event"] == "error"]
    assert errors[0]["type"] == "ValueError"
    evidence = (folder / "evidence" / "internal-error.txt").read_text()
    assert "Traceback" in evidence
    shown = (folder / "notebook.ipynb").read_text()
    assert "Internal error" in shown
    assert "Traceback" not in shown
    assert SECRET.encode() not in everything_written(outputs)


def test_leaving_a_cell_with_exit_status_0_is_no_pass(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_leaving", "import sys\nsys.exit(0)", CLOSE)
    outcome = run_notebook("leaving", {})
    assert (outcome.exit_code, outcome.state) == (1, "aborted")


def test_a_notebook_that_is_never_closed_is_no_pass(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_open", GOOD)
    outcome = run_notebook("open", {})
    assert (outcome.exit_code, outcome.state) == (1, "aborted")
    assert is_sealed_and_unchanged(only_run(outputs))


def test_secrets_printed_displayed_and_written_by_a_child_process_never_reach_a_file(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add(
        "10_leaking", "secret = run.secrets['STAGING_DB_PASSWORD'].reveal()\nprint(secret[:9], end='', flush=True)\n"
        "import time; time.sleep(0.5)\nprint(secret[9:])",
        "import pandas, base64\npandas.DataFrame({'password': [secret], secret: [base64.b64encode(secret.encode())]})",
        "get_ipython().system('echo ' + secret + ' here')",
        "import sys\nprint({'a': secret}, file=sys.stderr)\nsecret",
        "run.show({'password': secret}, title='what ' + secret)",
        GOOD, CLOSE,
    )
    outcome = run_notebook("leaking", {})
    assert outcome.exit_code == 0
    written = everything_written(outputs)
    assert SECRET.encode() not in written
    assert "‹STAGING_DB_PASSWORD› here".encode() in written
    text = json.dumps([event for event in journal.read(only_run(outputs)) if event["event"] == "cell"],
                      ensure_ascii=False)
    assert text.count("‹STAGING_DB_PASSWORD›") >= 5


def test_fifty_megabytes_of_output_stay_bounded_with_head_and_tail(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_loud", "for number in range(500_000):\n    print(f'{number:09} ' + 'x' * 90)", GOOD, CLOSE)
    outcome = run_notebook("loud", {})
    assert outcome.exit_code == 0
    folder = only_run(outputs)
    notebook = (folder / "notebook.ipynb").read_text()
    assert len(notebook) < 400_000
    assert "000000000 xxx" in notebook
    assert "000499999 xxx" in notebook
    assert "characters not shown here; see evidence/" in notebook
    evidence = next((folder / "evidence").glob("cell-*-stdout.txt"))
    assert 4_000_000 < evidence.stat().st_size < 6_000_000
    assert "000499999" in evidence.read_text()[-200:]


def test_plan_mode_changes_nothing_and_says_not_applied(project_dir: ProjectDir, outputs: Path) -> None:
    plan = ("from runbook_lib.core.commands import Command\nfrom runbook_lib.core.plan import Plan, Step\n"
            "plan = run.plan(Plan('wipe', 'nowhere', (Step('wipe', 'Wipe all', (Command(('rm', '-rf', '/')),)),)))\n"
            "plan")
    project_dir.add("10_planning", plan, "run.execute(plan)", GOOD.replace("True", "False"), CLOSE)
    outcome = run_notebook("planning", {})
    assert (outcome.exit_code, outcome.verdict) == (0, "not applied")
    events = [event["event"] for event in journal.read(only_run(outputs))]
    assert "plan" in events
    assert "step_started" not in events


def test_apply_without_confirmation_is_refused_before_anything_is_contacted(project_dir: ProjectDir, outputs: Path) -> None:
    plan = ("from runbook_lib.core.commands import Command\nfrom runbook_lib.core.plan import Plan, Step\n"
            "plan = Plan('touch', 'nowhere', (Step('touch', 'Touch', (Command(('touch', '/x')),)),))")
    project_dir.add("10_applying", plan, "run.execute(plan)", CLOSE)
    refused = run_notebook("applying", {"mode": "apply"})
    assert (refused.exit_code, refused.state) == (3, "refused")
    unreachable = run_notebook("applying", {"mode": "apply", "confirm": "nowhere"})
    assert unreachable.exit_code == 4
    assert "127.0.0.1" in unreachable.summary


@pytest.mark.parametrize("given", [{}, {"confirm": "elsewhere"}])
def test_a_missing_confirmation_is_noticed_before_the_first_question(
    project_dir: ProjectDir, outputs: Path, given: dict[str, str]
) -> None:
    project_dir.add("10_asking", "run.connections.server.read('/etc/hostname')", "run.confirm(run.parameters.confirm)", CLOSE)
    refused = run_notebook("asking", {"mode": "apply", **given})
    assert (refused.exit_code, refused.state) == (3, "refused")  # 4, the server out of reach, where it is asked first
    assert refused.folder is not None and (refused.folder / "manifest.json").is_file()
    assert run_notebook("asking", {"mode": "plan"}).exit_code == 4


def test_a_missing_local_file_is_noticed_before_the_public_address_is_asked(project_dir: ProjectDir, outputs: Path) -> None:
    (project_dir.path / "parameters/environments/known_hosts").unlink()
    project_dir.add("10_asking", "run.connections.http", CLOSE)
    refused = run_notebook("asking", {})
    assert (refused.exit_code, refused.state) == (2, "refused")
    assert "server.known_hosts_file: " in refused.summary
