"""A real JupyterLab, driven as an operator drives it: cell by cell, in a browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.findings import Verdict
from tests.browser.jupyterlab import PATIENCE_S, TOKEN, Operator, jupyterlab
from tests.notebooks.sample_notebooks import CLOSE, PARAMETERS, SECRET, ProjectDir

PLAN = """\
from runbook_lib.core.commands import Command
from runbook_lib.core.findings import finding
from runbook_lib.core.plan import Plan, Step
plan = run.plan(Plan("touch", "nowhere", (Step("touch", "Touch a file", (Command(("touch", "/x y")),)),)))
plan"""
INSPECT = """\
run.execute(plan)
run.verify([finding("it is there", False), finding("no one else was", True)])"""
REFUSED = "run.require([finding('room', False, measured='none', next_step='Free space.')])"
LEAK = "print(run.secrets['STAGING_DB_PASSWORD'].reveal())"


@pytest.fixture
def project_dir(tmp_path: Path) -> ProjectDir:
    return ProjectDir(tmp_path / "home")


@pytest.fixture
def lab(project_dir: ProjectDir, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab over the home's notebooks."""
    variables = {"RUNBOOK_HOME": str(project_dir.path), "RUNBOOK_OUTPUTS": str(tmp_path / "outputs"), "STAGING_DB_PASSWORD": SECRET}
    with jupyterlab(project_dir.path, tmp_path, variables) as address:
        yield address


@pytest.fixture
def at_notebook(lab: str, chromium: Any) -> Iterator[Any]:
    contexts = []

    def opened(notebook: Path) -> Operator:
        context = chromium.new_context(viewport={"width": 1400, "height": 1400})
        contexts.append(context)
        return Operator(context.new_page(), lab, notebook)

    yield opened
    for context in contexts:
        context.close()


def test_an_operator_steps_through_a_runbook(project_dir: ProjectDir, at_notebook: Any, tmp_path: Path) -> None:
    notebook = project_dir.add("10_good", LEAK, PLAN, INSPECT, REFUSED, "run.require([finding('room', True)])",
                        "import time\n(run.folder.path.parent / 'begun').touch()\ntime.sleep(600)", CLOSE)
    nbformat.write(nbformat.read(notebook, as_version=4), notebook)
    kept = json.loads(notebook.read_text())
    operator = at_notebook(notebook)
    operator.run(0)
    banner = operator.run(1)
    assert "nowhere" in banner.inner_text()
    assert banner.locator("div[style*='26px']").count() == 1, "the target stands in large type"
    assert SECRET not in operator.run(2).inner_text()
    plan = operator.run(3)
    assert plan.locator("table").count() == 1
    assert "touch '/x y'" in plan.inner_text()
    after = operator.run(4).inner_text()
    assert "Not applied" in after and "Failed" not in after
    refused = operator.run(5).inner_text()
    assert "Next: Free space." in refused and "Traceback" not in refused
    operator.run(6)
    operator.start(7)
    deadline = time.monotonic() + PATIENCE_S
    while not (tmp_path / "outputs/begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)  # a kernel that is busy may not have come to the cell's own code
    operator.page.keyboard.press("i")
    operator.page.keyboard.press("i")  # twice: JupyterLab's key for "interrupt"
    operator.finished(7)
    assert operator.page.get_by_text("Stopped by Ctrl-C or another interrupt").count() == 1
    closed = operator.run(8)
    assert "Open the report" in closed.inner_text()
    run = list_runs(tmp_path / "outputs")[0]
    assert run.verdict == "not applied"
    assert (run.path / "report.html").exists()
    assert all(one.verdict is Verdict.PASSED for one in verify(run.path))
    assert SECRET not in json.dumps(journal.read(run.path))

    operator.write(0, PARAMETERS.replace('"plan"', '"apply"').replace('confirm: str = ""', 'confirm = "nowhere"'))
    operator.save()
    assert json.loads(notebook.read_text()) == kept, "values and outputs belong to this run, not to the file"
    operator.write(0, PARAMETERS)
    operator.write(2, "print('what an author changes')")
    operator.save()
    assert "what an author changes" in notebook.read_text()

    operator.run(0)
    operator.run(1)  # once more from the top: a run of its own
    assert [one.state for one in list_runs(tmp_path / "outputs")] == ["open", "finished"]
    with operator.page.expect_response(lambda reply: "/api/sessions/" in reply.url and reply.request.method == "DELETE"):
        operator.page.evaluate("""async token => {
            const sessions = await (await fetch(`/api/sessions?token=${token}`)).json();
            await fetch(`/api/sessions/${sessions[0].id}?token=${token}`, {method: "DELETE",
                headers: {"X-XSRFToken": (document.cookie.match(/_xsrf=([^;]*)/) || [])[1] || ""}});
        }""", TOKEN)
    deadline = time.monotonic() + PATIENCE_S
    while list_runs(tmp_path / "outputs")[0].state == "open" and time.monotonic() < deadline:
        time.sleep(0.3)
    newest = list_runs(tmp_path / "outputs")[0]
    assert newest.state == "aborted", "a kernel that is shut down seals its run"
    assert (newest.path / "report.html").exists()
