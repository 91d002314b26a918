"""papermill called by hand leaves the same evidence as our runner, and fails when the run failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.findings import Verdict
from tests.notebooks.sample_notebooks import CLOSE, GOOD, SECRET, ProjectDir


def papermill(notebook: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "papermill", str(notebook), str(notebook.with_suffix(".out.ipynb")), "--no-progress-bar",
         *words),
        capture_output=True, text=True, timeout=240, check=False,
    )


def only_events(outputs: Path) -> list[dict[str, object]]:
    runs = list_runs(outputs)
    assert len(runs) == 1
    assert all(one.verdict is Verdict.PASSED for one in verify(runs[0].path))
    return journal.read(runs[0].path)


def test_parameters_from_a_file_and_a_sealed_report(project_dir: ProjectDir, outputs: Path) -> None:
    notebook = project_dir.add("10_good", "print(run.secrets['STAGING_DB_PASSWORD'].reveal())", GOOD, CLOSE)
    file = project_dir.path / "run.yaml"
    file.write_text("environment: nowhere\nreason: by hand\nversion: '1.10'\n")
    done = papermill(notebook, "-f", str(file))
    assert done.returncode == 0, done.stderr
    events = only_events(outputs)
    assert events[0]["parameters"]["version"] == "1.10"  # type: ignore[index]
    assert next(event for event in events if event["event"] == "run_finished")["verdict"] == "passed"
    assert (list_runs(outputs)[0].path / "report.html").exists()
    assert SECRET not in notebook.with_suffix(".out.ipynb").read_text()


@pytest.mark.parametrize(("cells", "state"), [
    ([GOOD.replace("True", "False"), CLOSE], "failed"),
    (["import sys\nsys.exit(0)", CLOSE], "aborted"),
    (["1 / 0", CLOSE], "failed"),
])
def test_a_run_that_did_not_pass_fails_papermill_too(project_dir: ProjectDir, outputs: Path, cells: list[str], state: str) -> None:
    done = papermill(project_dir.add("10_bad", *cells))
    assert done.returncode != 0
    assert next(event for event in only_events(outputs) if event["event"] == "run_finished")["state"] == state


@pytest.mark.parametrize(("cells", "words", "last"), [
    ([GOOD.replace("True", "False"), CLOSE], (), "Next: Read the findings in the report."),
    ([GOOD, CLOSE], ("-p", "mode", "apply"), 'run.confirm("nowhere"), then go on.'),
    (["run.connections.server.read('/etc/hostname')", CLOSE], (), "Next: "),
    (["1 / 0", CLOSE], (), "Next: nothing more was done. Report it together with that folder."),
], ids=["failed check", "missing confirmation", "no server", "internal error"])
def test_the_log_ends_with_what_to_do_and_where_the_report_is(
    project_dir: ProjectDir, outputs: Path, cells: list[str], words: tuple[str, ...], last: str
) -> None:
    """Found by reading a CI's log: papermill's own frames come first, and named no report."""
    done = papermill(project_dir.add("10_bad", *cells), *words)
    # what follows papermill's own last frame is ours: no frame of the runbooks
    own = done.stderr.rpartition('Exception encountered at "In [')[2]
    advice, _, report = own.rpartition("Report: ")
    assert last in " ".join(advice.split())
    assert Path(report.strip()).is_file()
    assert "Traceback" not in own and ".py" not in own


def test_unknown_and_guessed_parameters_are_refused_in_the_kernel(project_dir: ProjectDir, outputs: Path) -> None:
    notebook = project_dir.add("10_good", GOOD, CLOSE)
    unknown = papermill(notebook, "-p", "confrim", "nowhere")
    assert unknown.returncode != 0
    assert "did you mean 'confirm'" in unknown.stderr
    guessed = papermill(notebook, "-p", "version", "1.10")
    assert guessed.returncode != 0
    assert "-r instead of -p" in guessed.stderr
    assert list_runs(outputs) == []
    kept = papermill(notebook, "-r", "version", "1.10")
    assert kept.returncode == 0, kept.stderr
