"""`python -m lab`: short help for every command, and exit codes that say how it ended."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from lab import __main__ as command
from lab.errors import REFUSED, USAGE, LabError
from lab.instance import Instance

COMMANDS = ("engine", "images", "up", "snapshot", "status", "mail", "receivers", "reset", "down", "shell", "list", "catalogue")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as shown:
        command.main([name, "--help"])
    assert shown.value.code == 0
    text = capsys.readouterr().out.split("\n\n")[1]
    assert len(text.split()) >= 3


def test_a_package_that_is_not_installed_is_no_traceback(monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    """A set-up that was stopped leaves a .venv without packages."""
    monkeypatch.setitem(sys.modules, "lab.instance", None)
    with pytest.raises(ModuleNotFoundError):  # a module of ours is a bug
        command.main(["status"])

    def missing(_: object) -> None:
        raise ModuleNotFoundError("No module named 'httpx'", name="httpx")

    monkeypatch.setattr(command, "_status", missing)
    assert command.main(["status"]) == REFUSED
    shown = capsys.readouterr().err
    assert "The package httpx is not installed" in shown
    assert "./setup.sh python" in shown


def test_the_status_of_a_missing_instance_says_what_to_do(monkeypatch: pytest.MonkeyPatch,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Instance, "inspect", lambda self: None)
    for known, shown in ((["shop", "try"], "There are: shop, try."), ([], "This checkout has none.")):
        monkeypatch.setattr("lab.instance.names", lambda known=known: known)
        assert command.main(["status", "--name", "double"]) == REFUSED
        assert capsys.readouterr().err == f"\nThere is no instance 'double'. {shown}\nNext: python -m lab up --name double\n"


@pytest.mark.parametrize(("there", "shown"), [
    (False, "double is up in the state backups after"),
    (True, "double is up already, as it was: --from backups is for a new server after"),
])
def test_up_says_whether_the_state_that_was_asked_for_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], there: bool, shown: str
) -> None:
    restored: list[str] = []
    monkeypatch.setattr(Instance, "inspect", lambda self: {"State": {}} if there else None)
    monkeypatch.setattr(Instance, "ports", lambda self: SimpleNamespace(ssh=1, https=2))
    monkeypatch.setattr("lab.engine.ensure_engine", lambda: None)
    monkeypatch.setattr("lab.states.restore", lambda instance, state: restored.append(state))
    monkeypatch.setattr("lab.applications.bring_up.up_with_application", lambda instance: "double is up already")
    assert command.main(["up", "--name", "double", "--from", "backups"]) == 0
    assert capsys.readouterr().out.startswith(shown)
    assert restored == ([] if there else ["backups"])


@pytest.mark.parametrize(("words", "shown"), [
    (["--release", "nope"], "There is no release 'nope' of gw2."),
    (["--release", "v3.2"], "There is no release 'v3.2' of gw2; did you mean 'v3.2.0'?"),
    (["--application", "shop", "--release", "v3.1.0"], "There is no release 'v3.1.0' of shop; did you mean 'v1.1.0'?"),
    (["--application", "shop", "--release", "v1.1.0"], "shop runs before any runbook, as its owners started it"),
    (["--from", "backup"], "There is no snapshot 'backup'; did you mean 'backups'?"),
])
def test_a_wrong_word_is_refused_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], shown: str
) -> None:
    """Found by a newcomer: minutes of images and a server, and then no such release."""
    monkeypatch.setattr("lab.engine.ensure_engine", lambda: pytest.fail("an engine was started"))
    monkeypatch.setattr("lab.snapshots.find", lambda name, key="": None)
    assert command.main(["up", "--name", "double", *words]) in (USAGE, REFUSED)
    assert capsys.readouterr().err.startswith(f"\n{shown}")


@pytest.mark.parametrize(("deployed", "shown"), [(True, "double is up after"), (False, "with the release that it has: --release v3.2.0 is for")])
def test_up_says_when_a_server_keeps_the_release_that_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployed: bool, shown: str
) -> None:
    monkeypatch.setattr(Instance, "ports", lambda self: SimpleNamespace(ssh=1, https=2))
    monkeypatch.setattr("lab.engine.ensure_engine", lambda: None)
    monkeypatch.setattr("lab.release.release", lambda instance, tag: deployed)
    monkeypatch.setattr("lab.applications.bring_up.up_with_application", lambda instance: "double is up")
    assert command.main(["up", "--name", "double", "--release", "v3.2.0"]) == 0
    assert shown in capsys.readouterr().out


def test_an_error_of_the_lab_gives_its_message_and_exit_code(monkeypatch: pytest.MonkeyPatch,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise LabError("No engine.", next_step="install one", exit_code=REFUSED)

    monkeypatch.setattr("lab.engine.ensure_engine", refuse)
    assert command.main(["engine"]) == REFUSED
    assert capsys.readouterr().err == "\nNo engine.\nNext: install one\n"


def test_ctrl_c_is_exit_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lab.engine.ensure_engine", interrupt)
    assert command.main(["engine"]) == 130
    assert "Stopped." in capsys.readouterr().err


@pytest.mark.parametrize("module", ["lab", "lab.resilience", "lab.bench", "lab.traffic", "lab.rehearsal"])
def test_every_program_of_the_lab_starts(module: str) -> None:
    import sys

    done = subprocess.run((sys.executable, "-m", module, "--help"), text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: python -m {module}")


def test_a_reader_that_has_had_enough_is_no_traceback() -> None:
    with subprocess.Popen((sys.executable, "-m", "lab", "catalogue"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None and program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == ""
    assert program.returncode == 1
