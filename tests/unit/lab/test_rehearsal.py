"""The rehearsal runs what an operator would run, and stops at the first run that does not end as expected."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lab import processes, rehearsal, snapshots, states
from lab.instance import Instance
from lab.rehearsal import Times
from lab.release_path import ADOPTED_PATH, BRING_UP, RELEASE_PATH, Scenario, run_command
from runbook_lib.core.errors import PASSED
from tests.unit.shop_environment import shop

# verdicts and exit codes of a rehearsal that goes well: the seventh run deploys a broken release
AS_EXPECTED = ["passed"] * 6 + ["failed", "passed", "warning", "failed", "inconclusive",
                                "inconclusive"], [0] * 6 + [5, 0, 0, 1, 4, 4]


class Stage:
    """A lab and a runner that answer at once: each command prints the next verdict of a list as its own run's."""

    def __init__(self, verdicts: list[str], codes: list[int]) -> None:
        self.verdicts, self.codes = verdicts, codes
        self.commands: list[list[str]] = []
        self.seeded = 0
        self.kept: list[str] = []
        self.restored: list[object] = []

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        number = len(self.commands)
        self.commands.append(command)
        verdict = self.verdicts[number]
        ended = {"run_id": f"run-{number}", "verdict": verdict, "state": "finished", "summary": f"Summary {number}.", "report": "/r.html"}
        return subprocess.CompletedProcess(command, self.codes[number], json.dumps(ended) if verdict else "")

    def seed(self, instance: Instance, rows: int) -> None:
        self.seeded += rows


@pytest.fixture
def rehearse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    def run(verdicts: list[str], codes: list[int], *words: str, kept: object = None) -> tuple[int, Stage]:
        stage = Stage(verdicts, codes)
        monkeypatch.setattr(rehearsal, "_empty_lab", lambda instance: None)
        monkeypatch.setattr(rehearsal, "ensure_engine", lambda: None)
        monkeypatch.setattr(states, "find", lambda name: kept)
        monkeypatch.setattr(states, "keep", lambda instance, name: stage.kept.append(name))
        monkeypatch.setattr(snapshots, "restore", lambda instance, one: stage.restored.append(one))
        monkeypatch.setattr(rehearsal, "state", lambda: tmp_path)
        monkeypatch.setattr(processes, "state", lambda: tmp_path)  # no lock that a real lab may hold
        monkeypatch.setattr("lab.rehearsal.subprocess.run", stage.run)
        monkeypatch.setattr(rehearsal, "seed", stage.seed)
        return rehearsal.main(["--name", "double", *words]), stage

    return run


def test_changes_are_applied_with_the_name_of_the_target_and_a_reason() -> None:
    command = run_command(Instance("other"), BRING_UP)
    assert command[1:3] == ["run", "20_deploy"]
    assert command[command.index("--confirm") + 1] == "other"
    assert "--apply" in command
    assert "--reason" in command
    assert command[command.index("-e") + 1].endswith("other/environment.yaml")


def test_read_only_runs_are_not_applied() -> None:
    read_only = [scenario for scenario in RELEASE_PATH if not scenario.apply]
    assert [scenario.notebook for scenario in read_only] == ["10_preflight", "21_verify", "40_health", "41_metrics_review",
                                                          "43_log_review", "61_capacity_review"]
    assert all("--apply" not in run_command(Instance("lab"), scenario) for scenario in read_only)


def test_the_lab_is_known_by_its_name() -> None:
    command = run_command(Instance("lab"), Scenario("look", "10_preflight", {"ref": "v1"}))
    assert command[command.index("-e") + 1] == "lab"
    assert command[command.index("-p") + 1] == "ref=v1"


def test_the_whole_path_passes_and_the_data_comes_after_the_first_release(rehearse, capsys) -> None:  # type: ignore[no-untyped-def]
    code, stage = rehearse(*AS_EXPECTED)
    assert code == 0
    assert [command[2] for command in stage.commands] == [
        "20_deploy", "30_backup_database", "10_preflight", "30_backup_database", "20_deploy", "21_verify",
        "20_deploy", "31_restore_drill", "40_health", "41_metrics_review", "43_log_review", "61_capacity_review"]
    assert stage.seeded >= 50_000
    shown = capsys.readouterr().out
    assert "run-7" in shown
    assert "Summary 7.\n/r.html\n" in shown
    assert "rolled back, as expected" in shown
    assert "inconclusive, for information" in shown
    assert "passed, for" not in shown
    assert "for information: a review of what the rehearsal has left behind" in shown
    assert "Duration by stage" in shown


def test_a_first_release_that_was_deployed_here_is_kept_for_the_next_rehearsal(rehearse) -> None:  # type: ignore[no-untyped-def]
    assert rehearse(*AS_EXPECTED)[1].kept == ["v3.1.0"]
    code, stage = rehearse([*AS_EXPECTED[0][:1], "failed"], [0, 1])
    assert (code, stage.kept) == (1, ["v3.1.0"])
    assert rehearse(["failed"], [1])[1].kept == []


def test_the_next_rehearsal_begins_with_the_release_that_was_kept_and_runs_all_the_rest(rehearse) -> None:  # type: ignore[no-untyped-def]
    code, stage = rehearse(AS_EXPECTED[0][1:], AS_EXPECTED[1][1:], kept="a snapshot")
    assert (code, stage.restored, stage.seeded, stage.kept) == (0, ["a snapshot"], 0, [])
    assert [command[2] for command in stage.commands] == [scenario.notebook for scenario in RELEASE_PATH]
    code, stage = rehearse(*AS_EXPECTED, "--from-nothing", kept="a snapshot")
    assert (code, stage.restored, len(stage.commands)) == (0, [], 12)


def test_another_application_runs_first_and_gets_what_applies_to_it(  # type: ignore[no-untyped-def]
        rehearse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []
    monkeypatch.setattr(rehearsal, "up_with_application", lambda instance: done.append(instance.name) or "up")
    monkeypatch.setattr(rehearsal, "load_environment", lambda name: shop())
    monkeypatch.setattr(Instance, "inside", lambda self, *words: words)
    monkeypatch.setattr(rehearsal, "run", lambda argv, log: done.append(" ".join(argv)))
    verdicts = ["passed" if one.exit_codes == (PASSED,) else "warning" for one in ADOPTED_PATH]
    code, stage = rehearse(verdicts, [one.exit_codes[-1] for one in ADOPTED_PATH], "--application", "shop")
    assert (code, [command[2] for command in stage.commands]) == (0, [one.notebook for one in ADOPTED_PATH])
    assert done == ["double", "install -d -o deploy -m 0700 /backups/shop /backups/shop/database"]
    assert [command[2] for command in stage.commands if "confirm_database=shop" in command] == ["32_restore_database"]
    assert stage.seeded == 0 and stage.restored == []
    assert "restore of the backup" in capsys.readouterr().out
    assert rehearse(["failed", "failed"], [1, 1], "--application", "shop")[0] == 1, "a backup that failed ends it"


def test_an_application_that_there_is_not_is_refused_by_name(rehearse, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    code, stage = rehearse([], [], "--application", "shoop")
    assert (code, stage.commands) == (2, [])
    assert "There is no application 'shoop'" in capsys.readouterr().err


def test_only_what_watches_gets_the_seconds_of_the_watch() -> None:
    given = {scenario.notebook: scenario.watched_for(7).parameters.get("watch_s") for scenario in RELEASE_PATH}
    assert {name for name, seconds in given.items() if seconds == "7"} == {"20_deploy", "21_verify"}


@pytest.mark.parametrize("code", [0, 1, 6])
def test_a_broken_release_that_is_not_rolled_back_ends_it(rehearse, code: int) -> None:  # type: ignore[no-untyped-def]
    verdicts, codes = AS_EXPECTED
    ended, stage = rehearse([*verdicts[:6], "passed" if code == 0 else "failed"], [*codes[:6], code])
    assert ended == (code or 1)
    assert len(stage.commands) == 7


def test_the_first_run_that_fails_ends_it_with_its_exit_code(rehearse) -> None:  # type: ignore[no-untyped-def]
    code, stage = rehearse(["passed", "failed"], [0, 1])
    assert code == 1
    assert len(stage.commands) == 2
    assert rehearse(["passed", "passed", ""], [0, 0, 3])[0] == 3


def test_a_run_that_only_warns_is_not_a_pass(rehearse) -> None:  # type: ignore[no-untyped-def]
    assert rehearse(["passed", "warning"], [0, 0])[0] == 1


def test_a_deployment_whose_watch_only_warns_is_one(rehearse) -> None:  # type: ignore[no-untyped-def]
    verdicts, codes = AS_EXPECTED
    deployed = [n for n, one in enumerate((BRING_UP, *RELEASE_PATH)) if one.notebook == "20_deploy" and one.exit_codes == (PASSED,)]
    warned = ["warning" if n in deployed else verdict for n, verdict in enumerate(verdicts)]
    assert deployed
    assert rehearse(warned, codes)[0] == 0


@pytest.mark.parametrize("code", [2, 3, 5, 6, 70])
def test_a_review_that_gives_no_answer_ends_it(rehearse, code: int) -> None:  # type: ignore[no-untyped-def]
    verdicts, codes = AS_EXPECTED
    ended, stage = rehearse([*verdicts[:8], "failed"], [*codes[:8], code])
    assert (ended, len(stage.commands)) == (code, 9)


def test_a_command_that_leaves_no_run_is_not_a_pass(rehearse) -> None:  # type: ignore[no-untyped-def]
    assert rehearse([""], [0])[0] == 1


def test_a_review_that_leaves_no_run_is_not_an_answer(rehearse) -> None:  # type: ignore[no-untyped-def]
    verdicts, codes = AS_EXPECTED
    ended, stage = rehearse([*verdicts[:8], ""], [*codes[:8], 1])
    assert (ended, len(stage.commands)) == (1, 9)


def test_the_stages_of_the_set_up_come_first(tmp_path: Path) -> None:
    written = tmp_path / "setup-times.tsv"
    written.write_text("venv\tVirtual environment .venv\t3\npackages\tPython packages\t41\n")
    times = Times(written)
    times.stage("ours", lambda: None)
    assert [title for title, _ in times.rows] == ["Virtual environment .venv", "Python packages", "ours"]
    assert times.rows[1][1] == 41
