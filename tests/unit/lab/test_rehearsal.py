"""The rehearsal types what an operator would type, and stops at the first run that does not end as it should."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import rehearsal, seed
from lab.instance import Instance
from lab.rehearsal import BRING_UP, RELEASE_PATH, Scenario, Times, run_command

# verdicts and exit codes of a rehearsal that goes well: the seventh run deploys a broken release
AS_IT_SHOULD = ["passed"] * 6 + ["failed", "passed"], [0] * 6 + [5, 0]


@dataclass(frozen=True)
class Run:
    """A run as the archive lists it."""

    run_id: str
    verdict: str
    notebook: str
    environment: str
    state: str = ""


class Stage:
    """A lab and an archive that answer at once: each command leaves the next verdict of a list."""

    def __init__(self, verdicts: list[str], codes: list[int]) -> None:
        self.verdicts, self.codes = verdicts, codes
        self.commands: list[list[str]] = []
        self.runs: list[Run] = []
        self.seeded = 0

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        number = len(self.commands)
        self.commands.append(command)
        if self.verdicts[number]:
            notebook = command[command.index("run") + 1]
            self.runs.insert(0, Run(f"run-{number}", self.verdicts[number], notebook, "double"))
        # somebody else's run, still open, began in between
        self.runs.insert(0, Run(f"other-{number}", "", "20_deploy", "elsewhere", "open"))
        return subprocess.CompletedProcess(command, self.codes[number])

    def seed(self, instance: Instance, rows: int) -> None:
        self.seeded += rows


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    def played(verdicts: list[str], codes: list[int]) -> tuple[int, Stage]:
        stage = Stage(verdicts, codes)
        monkeypatch.setattr(rehearsal, "_empty_lab", lambda instance: None)
        monkeypatch.setattr(rehearsal, "_archive", lambda: list(stage.runs))
        monkeypatch.setattr(rehearsal, "state", lambda: tmp_path)
        monkeypatch.setattr(rehearsal.subprocess, "run", stage.run)
        monkeypatch.setattr(seed, "seed", stage.seed)
        return rehearsal.main(["--name", "double"]), stage

    return played


def test_changes_are_applied_with_the_name_of_the_target_and_a_reason() -> None:
    command = run_command(Instance("other"), BRING_UP)
    assert command[1:3] == ["run", "20_deploy"]
    assert command[command.index("--confirm") + 1] == "other"
    assert "--apply" in command
    assert "--reason" in command
    assert command[command.index("-e") + 1].endswith("other/environment.yaml")


def test_what_only_looks_is_not_applied() -> None:
    looking = [scenario for scenario in RELEASE_PATH if not scenario.apply]
    assert [scenario.notebook for scenario in looking] == ["10_preflight", "21_verify"]
    assert all("--apply" not in run_command(Instance("lab"), scenario) for scenario in looking)


def test_the_lab_is_known_by_its_name() -> None:
    command = run_command(Instance("lab"), Scenario("look", "10_preflight", {"ref": "v1"}))
    assert command[command.index("-e") + 1] == "lab"
    assert command[command.index("-p") + 1] == "ref=v1"


def test_the_whole_path_passes_and_the_data_comes_after_the_first_release(play, capsys) -> None:  # type: ignore[no-untyped-def]
    code, stage = play(*AS_IT_SHOULD)
    assert code == 0
    assert [command[2] for command in stage.commands] == [
        "20_deploy", "30_backup_database", "10_preflight", "30_backup_database", "20_deploy", "21_verify",
        "20_deploy", "31_restore_drill"]
    assert stage.seeded >= 50_000
    told = capsys.readouterr().out
    assert "run-7" in told
    assert "rolled back, as it should" in told
    assert "Where the time went" in told


@pytest.mark.parametrize("code", [0, 1, 6])
def test_a_broken_release_that_is_not_rolled_back_ends_it(play, code: int) -> None:  # type: ignore[no-untyped-def]
    verdicts, codes = AS_IT_SHOULD
    ended, stage = play([*verdicts[:6], "passed" if code == 0 else "failed"], [*codes[:6], code])
    assert ended == (code or 1)
    assert len(stage.commands) == 7


def test_the_first_run_that_fails_ends_it_with_its_exit_code(play) -> None:  # type: ignore[no-untyped-def]
    code, stage = play(["passed", "failed"], [0, 1])
    assert code == 1
    assert len(stage.commands) == 2
    assert play(["passed", "passed", ""], [0, 0, 3])[0] == 3


def test_a_run_that_only_warns_is_not_a_pass(play) -> None:  # type: ignore[no-untyped-def]
    assert play(["warning"], [0])[0] == 1


def test_a_command_that_leaves_no_run_is_not_a_pass(play) -> None:  # type: ignore[no-untyped-def]
    assert play([""], [0])[0] == 1


def test_the_seconds_of_the_set_up_come_first(tmp_path: Path) -> None:
    written = tmp_path / "setup-times.tsv"
    written.write_text("venv\tVirtual environment .venv\t3\npackages\tPython packages\t41\n")
    times = Times(written)
    times.stage("ours", lambda: None)
    assert [title for title, _ in times.rows] == ["Virtual environment .venv", "Python packages", "ours"]
    assert times.rows[1][1] == 41
