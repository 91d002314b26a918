"""Runs that inform the team when they end: when, about what, and that no channel changes how the operation went."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive import journal
from runbook_lib.core.errors import ChecksFailed, LockHeld, RolledBack
from runbook_lib.core.findings import finding
from runbook_lib.core.messages import NOTIFIED
from runbook_lib.core.plan import Plan
from runbook_lib.environment import load_environment
from runbook_lib.run import notifying
from runbook_lib.run.notifying import is_due
from runbook_lib.run.outcomes import Outcome, outcome_of_error
from tests.notebooks.sample_notebooks import SECRET, ProjectDir
from tests.unit.connections.notifying.messages import CANARY, ROUTING_KEY
from tests.unit.connections.notifying.receivers import (
    Reply,
    WebReceiver,
    scripted_server,
    smtp_that,
    web_receiver,
)
from tests.unit.run.notified_runs import FAILED, PASSED, PLAN, applied, configure, fail_once
from tests.unit.run_doubles import finished, opened


def stage(run: Any) -> dict[str, dict[str, Any]]:
    """The findings about the notifications, as the report has them."""
    found = [event for event in journal.read(run.folder.path) if event["event"] == "findings" and event["stage"] == NOTIFIED]
    return {one["check"]: one for event in found for one in event["findings"]}


def test_an_applied_run_informs_the_team_once(receiver: WebReceiver, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = applied(monkeypatch, reason="planned")
    run.verify(finding("the sky", True))
    run.close()
    ((_, _, body),) = receiver.requests
    assert "Deploy v3.2.1: passed" in body["text"]
    assert run.run_id in body["text"]
    assert "Reason: planned" in body["text"]
    assert stage(run)["slack takes the message"]["verdict"] == "passed"
    assert stage(run)["email takes the message"]["verdict"] == "not applicable"
    assert finished(outputs)["verdict"] == "passed"


def test_what_was_rolled_back_is_reported_as_that(receiver: WebReceiver, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = applied(monkeypatch, RolledBack("The gate stayed shut.", next_step="Read its findings."))
    with pytest.raises(RolledBack):
        run.close()
    ((_, _, body),) = receiver.requests
    assert "failed (rolled back)" in body["text"]
    assert "Next: Read its findings." in body["text"]
    assert finished(outputs)["exit_code"] == 5


def test_a_cell_that_raised_informs_as_the_run_ends(receiver: WebReceiver, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = RolledBack("The gate stayed shut.")
    applied(monkeypatch, error).abort(error)
    assert len(receiver.requests) == 1
    assert finished(outputs)["exit_code"] == 5


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_a_plan_and_a_run_with_nothing_to_do_inform_no_one(receiver: WebReceiver, mode: str) -> None:
    run = opened(mode=mode, confirm="nowhere")
    run.execute(run.plan(PLAN if mode == "plan" else Plan("deploy", "v3.2.1", reason="already at v3.2.1")))
    run.close()
    assert (receiver.requests, stage(run)) == ([], {})


@pytest.mark.parametrize(("when", "mode", "outcome", "acted", "unattended", "due"), [
    ("always", "apply", PASSED, True, False, True),
    ("always", "apply", PASSED, False, True, False),
    ("always", "apply", FAILED, True, False, True),
    ("always", "apply", FAILED, False, True, True),
    ("always", "apply", FAILED, False, False, False),
    ("always", "plan", FAILED, True, True, False),
    ("always", "read-only", PASSED, False, True, True),
    ("always", "read-only", PASSED, False, False, False),
    ("always", "apply", outcome_of_error(LockHeld("held")), False, True, True),
    ("problems", "apply", PASSED, True, True, False),
    ("problems", "apply", FAILED, True, False, True),
])
def test_the_end_of_a_run_concerns_the_team(when: Any, mode: str, outcome: Outcome, acted: bool, unattended: bool, due: bool) -> None:
    staging = load_environment("staging")
    environment = staging.model_copy(update={"notifications": staging.notifications.model_copy(update={"runs": {"20_deploy": when}})})
    assert is_due(environment, "20_deploy", mode, outcome, acted=acted, unattended=unattended) is due
    assert not is_due(environment, "22_rollback", mode, outcome, acted=acted, unattended=unattended)


@pytest.mark.parametrize("reply", [Reply(500, "x"), Reply(404, "no_team"), Reply(drops=True)], ids=["500", "404", "drops"])
def test_a_channel_that_fails_makes_a_passed_run_a_warning_and_nothing_worse(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    with web_receiver(reply) as bad:
        configure(project_dir, monkeypatch, bad.url)
        run = applied(monkeypatch)
        run.verify(finding("the sky", True))
        run.close()
    assert stage(run)["slack takes the message"]["verdict"] == "warning"
    end = finished(outputs)
    assert (end["verdict"], end["exit_code"]) == ("warning", 0)
    assert "Not all channels took the message." in end["summary"]


def test_a_channel_that_fails_leaves_every_other_verdict_as_it_is(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_receiver(Reply(500, "x")) as bad:
        configure(project_dir, monkeypatch, bad.url)
        run = applied(monkeypatch)
        run.verify(finding("the sky", False))
        with pytest.raises(ChecksFailed):
            run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("failed", 1)


def test_channels_that_hang_are_given_up_and_the_run_is_sealed(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_server(smtp_that(banner="hang")) as port, web_receiver(Reply(hangs=True)) as silent:
        mail = f", mail: {{host: 127.0.0.1, port: {port}, tls: none, sender: a@example.com}}"
        configure(project_dir, monkeypatch, silent.url, mail)
        run = applied(monkeypatch)
        settings = run.environment.notifications.model_copy(update={"deadline_s": 2.0})
        run.__dict__["environment"] = run.environment.model_copy(update={"notifications": settings})
        run.verify(finding("the sky", True))
        began = time.monotonic()
        run.close()
        assert time.monotonic() - began < 60
    assert {one["verdict"] for one in stage(run).values()} == {"warning", "not applicable"}
    assert finished(outputs)["exit_code"] == 0


@pytest.mark.parametrize("error", [RuntimeError(CANARY), MemoryError(), KeyError(CANARY)], ids=lambda error: type(error).__name__)
def test_an_internal_error_of_ours_is_a_warning_without_its_text(
    receiver: WebReceiver, outputs: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(notifying, "compose_message", broken)
    run = applied(monkeypatch)
    run.verify(finding("the sky", True))
    run.close()
    assert (finished(outputs)["verdict"], finished(outputs)["exit_code"]) == ("warning", 0)
    assert CANARY not in (run.folder.path / "journal.jsonl").read_text()


def test_a_run_that_is_closed_again_informs_only_once(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = applied(monkeypatch)
    run._announced(PASSED)
    run._announced(PASSED)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("event", [notifying.EVENT, "findings"])
def test_a_disk_that_was_full_as_the_team_was_informed_informs_it_no_second_time(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    run = applied(monkeypatch)
    fail_once(run, monkeypatch, event)
    run._announced(PASSED)
    run._announced(PASSED)
    assert len(receiver.requests) == 1


def test_no_secret_lands_anywhere_whatever_a_channel_replies(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with web_receiver(Reply(400, f"{CANARY} {ROUTING_KEY} {SECRET}")) as echo:
        configure(project_dir, monkeypatch, echo.url)
        monkeypatch.setenv("STAGING_PAGERDUTY_KEY", ROUTING_KEY)
        run = applied(monkeypatch, reason=f"because of {SECRET}")
        run.verify(finding("the sky", True))
        run.close()
    texts = [*capfd.readouterr(), *(path.read_text(errors="replace") for path in outputs.rglob("*") if path.is_file())]
    texts += [json.dumps(body) for path, _, body in echo.requests if path.startswith("/services")]
    for canary in (CANARY, CANARY.rpartition("/")[2], ROUTING_KEY, SECRET):
        assert [text[:80] for text in texts if canary in text] == []
    assert len(echo.requests) == 2


def test_the_link_leads_to_where_the_report_is_served(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"):
        monkeypatch.delenv(f"GITHUB_{name}", raising=False)
    run = opened()
    assert notifying.link_to(run.environment, run.folder).endswith(f"{run.folder.path.name}/report.html")
    for name, value in (("SERVER_URL", "https://github.com"), ("REPOSITORY", "a/b"), ("RUN_ID", "7")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    assert notifying.link_to(run.environment, run.folder) == "https://github.com/a/b/actions/runs/7"
    served = run.environment.notifications.model_copy(update={"report_url": "https://reports.example.com/{run_id}/"})
    environment = run.environment.model_copy(update={"notifications": served})
    assert notifying.link_to(environment, run.folder) == f"https://reports.example.com/{run.run_id}/"
