"""A headless run takes nothing from a person's settings, and nothing that a cell prints reaches the runner or a console."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runbook_lib.archive import journal
from runbook_lib.archive.runs import list_runs, verify
from runbook_lib.core.findings import Verdict
from runbook_lib.headless import run_notebook
from tests.notebooks.sample_notebooks import CLOSE, GOOD, SECRET, ProjectDir

PROGRAMS = Path(sys.executable).parent
ENGINES = [(), ("--engine", "runbook")]
# everything that can reach a file descriptor without Python knowing
LOUD = """import ctypes, os, stat, subprocess, tempfile, time
os.system('echo \\'{"ended": "", "kernel": 1}\\'; echo "child $STAGING_DB_PASSWORD"; echo "error $STAGING_DB_PASSWORD" >&2')
print('{"run": {"folder": "/etc", "run_id": "x"}}', flush=True)
libc = ctypes.CDLL(None)
libc.puts(b"from C " + os.environ["STAGING_DB_PASSWORD"].encode())
libc.fflush(None)
os.write(2, b"raw " + os.environ["STAGING_DB_PASSWORD"].encode() + b"\\n")
subprocess.run(["sh", "-c", "printf '%s' \\"${STAGING_DB_PASSWORD%?????}\\"; sleep 0.2; echo \\"${STAGING_DB_PASSWORD#???????????????}\\""])
DONE = os.path.join(tempfile.gettempdir(), f"late-{os.getpid()}")
subprocess.Popen(["sh", "-c", 'sleep 0.5; echo late $STAGING_DB_PASSWORD; touch "$0"', DONE])
"""
# a service of its own session that outlives the run, with every descriptor that the cell could hand it: one of a fork, one of a program
LEFT = """END = str(run.folder.path.parent / "end")
mine, theirs = os.pipe()
os.set_inheritable(theirs, True)
SAYS = 'for n in {1..20} $1; do echo "descriptor $n $STAGING_DB_PASSWORD" >&$n; done 2>/dev/null; for _ in {1..300}; do [ ! -e "$0" ] || exit; sleep 0.2; done'
subprocess.Popen(["setsid", "bash", "-c", SAYS, END, str(theirs)], close_fds=False)
print(os.read(mine, 100))
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    print("forked", run.secrets["STAGING_DB_PASSWORD"].reveal(), flush=True)
    os.execvp("bash", ["bash", "-c", SAYS, END, str(theirs)])
os.wait()
"""
LATE = "while not os.path.exists(DONE):\n    time.sleep(0.05)\nos.remove(DONE)\ntime.sleep(0.5)"
# not only standard output: every pipe that this process has
PIPES = """for one in range(3, 64):
    try:
        if stat.S_ISFIFO(os.fstat(one).st_mode):
            os.write(one, b'{"run": {"folder": "/etc", "run_id": "x"}, "outcome": {"verdict": "failed"}}\\n{"ended": ""}\\n{\\n\\xff')
    except OSError:
        pass"""


def everything_written(outputs: Path) -> bytes:
    return b"".join(path.read_bytes() for path in outputs.rglob("*") if path.is_file())


def test_whatever_a_cell_prints_by_whatever_way_is_redacted_and_reaches_no_channel(
    project_dir: ProjectDir, outputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project_dir.add("10_loud", LOUD, LEFT, PIPES, LATE, GOOD, CLOSE)
    try:
        outcome = run_notebook("loud", {})
    finally:
        (outputs / "end").touch()
    assert (outcome.exit_code, outcome.verdict) == (0, "passed")
    written = everything_written(outputs)
    assert SECRET.encode() not in written
    text = json.dumps([event for event in journal.read(list_runs(outputs)[0].path) if event["event"] == "cell"], ensure_ascii=False)
    for line in ("child ‹STAGING_DB_PASSWORD›", "error ‹STAGING_DB_PASSWORD›", "from C ‹STAGING_DB_PASSWORD›", "raw ‹STAGING_DB_PASSWORD›",
                 "late ‹STAGING_DB_PASSWORD›", "descriptor 1 ‹STAGING_DB_PASSWORD›", "forked ‹STAGING_DB_PASSWORD›",
                 r"b'descriptor"):
        assert line in text
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("engine", "captured"), [(ENGINES[0], True), (ENGINES[0], False), (ENGINES[1], True)])
def test_papermills_own_console_shows_no_secret_either(project_dir: ProjectDir, outputs: Path, tmp_path: Path, engine: tuple[str, ...],
                                                       captured: bool) -> None:
    notebook = project_dir.add("10_loud", LOUD, LEFT, LATE, GOOD, CLOSE)
    long = tmp_path / ("x" * 200)  # where a socket below TMPDIR would not fit
    long.mkdir()
    variables = {**os.environ, "TMPDIR": str(long)}
    if captured:  # within a test ipykernel leaves the file descriptors alone
        del variables["PYTEST_CURRENT_TEST"]
    try:  # its output ends with it: nothing that a cell has left behind holds it
        done = subprocess.run((PROGRAMS / "papermill", notebook, tmp_path / "out.ipynb", "--log-output", *engine), capture_output=True,
                              env=variables, timeout=240, check=False)
    finally:
        (outputs / "end").touch()
    assert done.returncode == 0, done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr + everything_written(outputs) + (tmp_path / "out.ipynb").read_bytes()


def test_an_error_before_a_run_is_open_shows_no_secret(project_dir: ProjectDir, outputs: Path) -> None:
    project_dir.add("10_early", "import os\nraise ValueError(os.environ['STAGING_DB_PASSWORD'])", opened=False)
    outcome = run_notebook("early", {})
    assert outcome.exit_code == 70
    assert SECRET not in outcome.summary


@pytest.fixture
def person(tmp_path: Path) -> dict[str, str]:
    """The process environment of a person who has configured everything there is to configure."""
    home, profile, modules = tmp_path / "person", tmp_path / "person/.ipython/profile_default", tmp_path / "modules"
    for folder in (profile / "startup", modules, home / ".config/matplotlib", home / ".jupyter", home / ".local/share/jupyter/kernels/python3"):
        folder.mkdir(parents=True)
    (profile / "startup/00-mine.py").write_text("scratch = 'of a person'\nmode = 'apply'\nversion = '9.9'\nimport personal\n")
    (profile / "ipython_config.py").write_text(
        "c.InteractiveShell.pdb = True\nc.InteractiveShell.autoawait = False\nc.InteractiveShell.ast_node_interactivity = 'none'\n"
        "c.InteractiveShellApp.exec_lines = ['confirm = \"nowhere\"']\n")
    (modules / "personal.py").write_text("")
    (modules / "sitecustomize.py").write_text("import builtins\nbuiltins.personal = True\n")
    (home / "startup.py").write_text("raise SystemExit(9)")
    (home / ".config/matplotlib/matplotlibrc").write_text("axes.facecolor: red\n")
    (home / ".jupyter/jupyter_config.py").write_text("raise SystemExit(9)")
    (home / ".local/share/jupyter/kernels/python3/kernel.json").write_text(
        json.dumps({"argv": ["/bin/false", "{connection_file}"], "display_name": "mine", "language": "python"}))
    return {
        "HOME": str(home), "PYTHONPATH": str(modules), "PYTHONSTARTUP": str(home / "startup.py"), "JUPYTER_CONFIG_PATH": str(home / ".jupyter"),
        "MATPLOTLIBRC": str(home / ".config/matplotlib/matplotlibrc"), "PYTHONBREAKPOINT": "personal.breakpoint", "MPLBACKEND": "nonsense",
        "RUNBOOK_MODE": "apply", "RUNBOOK_ENVIRONMENT": "staging", "RUNBOOK_CONFIRM": "nowhere", "RUNBOOK_ANNOUNCE": str(home / "announced"),
        "PAPERMILL_PARAMETERS": "mode", "JPY_SESSION_NAME": str(home / "startup.py"), "LC_ALL": "C", "IPYTHONDIR": str(home / ".ipython"),
    }


UNTOUCHED = """import builtins, sys
assert not hasattr(builtins, "personal"), "sitecustomize of a person"
assert "scratch" not in globals() and "personal" not in sys.modules, "a startup file"
import matplotlib
assert matplotlib.rcParams["axes.facecolor"] == "white", "matplotlibrc of a person"
await __import__("asyncio").sleep(0)
assert (run.mode, run.parameters.version, run.parameters.confirm) == ("plan", "3.2.0", "")"""


@pytest.mark.parametrize("tmpdir", ["{tmp}/" + "x" * 200, "/not/there", "{tmp}/a-file"])
def test_a_persons_settings_and_temporary_folder_change_nothing(project_dir: ProjectDir, outputs: Path, person: dict[str, str],
                                                                tmp_path: Path, tmpdir: str) -> None:
    project_dir.add("10_good", UNTOUCHED, GOOD, CLOSE)
    (tmp_path / ("x" * 200)).mkdir()
    (tmp_path / "a-file").touch()
    done = subprocess.run((PROGRAMS / "runbook", "run", "good"), capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, **person, "TMPDIR": tmpdir.format(tmp=tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = list_runs(outputs)
    assert all(one.verdict is Verdict.PASSED for one in verify(run.path))
    assert journal.read(run.path)[0]["file"] == "notebooks/10_good.ipynb"
    assert not (Path(person["HOME"]) / "announced").exists()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failure_is_a_failure_also_with_a_debugger_in_the_profile_of_papermill(
    project_dir: ProjectDir, outputs: Path, person: dict[str, str], tmp_path: Path, engine: tuple[str, ...]
) -> None:
    notebook = project_dir.add("10_bad", "assert run.mode == 'plan'\nrun.require([finding('disk space', False)])".replace(
        "run.require", "from runbook_lib.core.findings import finding\nrun.require"), CLOSE)
    # a kernel that a person has named python3 is what plain papermill starts, and nothing of ours can help there
    if not engine:
        (Path(person["HOME"]) / ".local/share/jupyter/kernels/python3/kernel.json").unlink()
    for name in ("PYTHONSTARTUP", "JUPYTER_CONFIG_PATH", "MPLBACKEND") if not engine else ():
        del person[name]  # with these Jupyter's own kernel does not start
    done = subprocess.run((PROGRAMS / "papermill", notebook, tmp_path / "out.ipynb", *engine), capture_output=True, text=True,
                          timeout=240, check=False, env={**os.environ, **person})
    assert done.returncode != 0
    assert list_runs(outputs), done.stderr
    (run,) = list_runs(outputs)
    assert (run.state, run.exit_code) == ("refused", 3), done.stderr


@pytest.mark.parametrize(("saved", "words"), [
    ('mode = "apply"; confirm = "nowhere"', "mode is 'apply' in the notebook; this run was given 'plan'"),
    ('environment = "staging"', "environment is 'staging'"), ("globals().update(version='1.0')", "version is '1.0'"), ("del reason", "reason is not set"),
])
def test_a_saved_cell_before_the_run_overrides_nothing(project_dir: ProjectDir, outputs: Path, saved: str, words: str) -> None:
    path = project_dir.add("10_edited", GOOD, CLOSE)
    content = json.loads(path.read_text())
    content["cells"].insert(2, {**content["cells"][1], "id": "saved", "metadata": {}, "source": saved})
    path.write_text(json.dumps(content))
    outcome = run_notebook("edited", {})
    assert (outcome.exit_code, outcome.state) == (3, "refused")
    assert words in outcome.summary
    assert "Next: Take the assignment out of the cell" in outcome.summary
    assert list_runs(outputs) == []


@pytest.mark.parametrize(("cell", "words"), [
    ('run.mode = "apply"', "run.mode cannot be changed"), ('run.parameters.confirm = "nowhere"', "run.parameters.confirm cannot be changed"),
    ('same = run; same.confirm("nowhere")', "A change must be confirmed"),
])
def test_no_later_cell_changes_what_the_run_was_given(project_dir: ProjectDir, outputs: Path, cell: str, words: str) -> None:
    project_dir.add("10_sly", 'mode = "apply"\nconfirm = "nowhere"\nassert run.mode == run.parameters.mode', cell, CLOSE)
    outcome = run_notebook("sly", {"mode": "apply"} if "same" in cell else {})
    assert (outcome.exit_code, outcome.state) == (3, "refused")
    assert words in outcome.summary


def test_the_file_that_was_named_is_the_one_that_runs(project_dir: ProjectDir, outputs: Path, tmp_path: Path) -> None:
    original = project_dir.add("10_good", "run.show('the original')", GOOD, CLOSE)
    copy = tmp_path / "copy/10_good.ipynb"
    copy.parent.mkdir()
    copy.write_text(original.read_text().replace("the original", "the copy").replace("count: int = 3", "count: int = 4\\nextra: str = \\\"x\\\""))
    done = subprocess.run((PROGRAMS / "runbook", "run", str(copy), "-p", "extra=y"), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{copy} (differs from notebooks/10_good.ipynb) on nowhere, plan" in done.stderr
    (run,) = list_runs(outputs)
    started = journal.read(run.path)[0]
    assert (started["file"], started["file_differs"]) == (str(copy), True)
    assert started["file_sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert (started["parameters"]["count"], started["parameters"]["extra"]) == (4, "y")
    assert "the copy" in (run.path / "notebook.ipynb").read_text()
    assert "not-in-source" not in (run.path / "notebook.ipynb").read_text().replace('"# Parameters', "").split('"cell_type": "markdown"')[0]


HABITS = {
    "a folder that is gone": ["import os, tempfile\nplace = tempfile.mkdtemp()\nos.chdir(place)\nos.rmdir(place)"],
    "a process that goes on": ["import multiprocessing, time\nmultiprocessing.Process(target=time.sleep, args=(600,)).start()"],
    "a thing to do at the end that has none": ["import atexit, time\natexit.register(time.sleep, 600)"],
}


@pytest.mark.parametrize("habit", HABITS)
def test_what_a_cell_leaves_behind_keeps_no_run_from_its_end(project_dir: ProjectDir, outputs: Path, habit: str) -> None:
    project_dir.add("10_habit", *HABITS[habit], GOOD, CLOSE)
    outcome = run_notebook("habit", {}, timeout_s=200)
    assert (outcome.exit_code, outcome.verdict) == (0, "passed")
    assert outcome.seconds < 200
    assert all(one.verdict is Verdict.PASSED for one in verify(list_runs(outputs)[0].path))
