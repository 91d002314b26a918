"""Runs that inform the team when they end: when, about what, and that no channel changes how the operation went."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import observability
from runbook_lib.archive import journal
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import ChecksFailed, ConfirmationMissing, LockHeld, RolledBack, RunbookError, RunFailed
from runbook_lib.core.findings import Verdict, finding
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import load_environment
from runbook_lib.execution import Execution
from runbook_lib.run import notifying, planning
from runbook_lib.run.notifying import is_due
from runbook_lib.run.outcomes import Outcome, outcome_of_error
from tests.notebooks.sample_notebooks import SECRET, ProjectDir
from tests.unit.connections.notifying.messages import CANARY, ROUTING_KEY
from tests.unit.connections.notifying.receivers import (
    PAGERDUTY_OK,
    SLACK_OK,
    Mailbox,
    Reply,
    WebReceiver,
    mail_server,
    scripted_server,
    smtp_that,
    web_receiver,
)
from tests.unit.run_doubles import finished, opened

PLAN = Plan("deploy v3.2.1", "nowhere", (Step("touch", "Touch", (Command(("touch", "/x")),)),))
PASSED = Outcome(Verdict.PASSED, "finished", 0, "all good")
FAILED = Outcome(Verdict.FAILED, "failed", 1, "bad")


@pytest.fixture
def receiver(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    """Slack and PagerDuty in one, for the notebook 10_good."""
    with web_receiver(SLACK_OK) as made:
        configure(project_dir, monkeypatch, made.url)
        yield made


def configure(project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch, url: str, more: str = "", when: str = "always") -> None:
    file = project_dir.path / "parameters/environments/nowhere.yaml"
    file.write_text(file.read_text() + f"notifications: {{runs: {{10_good: {when}}}, pagerduty_url: '{url}', "
                                       f"deadline_s: 30{more}}}\n")
    monkeypatch.setenv("STAGING_SLACK_WEBHOOK", f"{url}/services/{CANARY}")
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def applied(monkeypatch: pytest.MonkeyPatch, error: RunbookError | None = None, **parameters: Any) -> Any:
    """A run that has executed its plan, or failed to."""
    run = opened(mode="apply", confirm="nowhere", **parameters)

    def execute(plan: Plan, backend: Any, record: Any, *_: Any) -> Execution:
        if error is not None:
            record.add_failed_execution(error)
            raise error
        record.add_execution(Execution(plan, (), applied=True))
        return Execution(plan, (), applied=True)

    monkeypatch.setattr(planning, "execute", execute)
    run.plan(PLAN)
    if error is not None:
        with pytest.raises(type(error)):
            run.execute(PLAN)
    else:
        run.execute(PLAN)
    return run


def stage(run: Any) -> dict[str, dict[str, Any]]:
    """The findings about the notifications, as the report has them."""
    found = [event for event in journal.read(run.folder.path) if event["event"] == "findings" and event["stage"] == notifying.STAGE]
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


def fail_once(run: Any, monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    """The disk is full at the first record of this event."""
    write, left = run._journal.write, [RunFailed("No space is left.")]

    def writes(name: str, **values: Any) -> None:
        if name == event and left:
            raise left.pop()
        write(name, **values)

    monkeypatch.setattr(run._journal, "write", writes)


@pytest.mark.parametrize("event", [notifying.EVENT, "findings"])
def test_a_disk_that_was_full_as_the_team_was_informed_informs_it_no_second_time(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    run = applied(monkeypatch)
    fail_once(run, monkeypatch, event)
    run._announced(PASSED)
    run._announced(PASSED)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("event", [notifying.EVENT, "step_finished"])
def test_44_that_could_not_record_a_message_sends_it_no_second_time(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    run = opened(mode="apply", confirm="nowhere")
    routes = observability.notification_routes(run.environment, run.secrets)
    plan = run.plan(observability.plan_notify(run.environment, routes, run.run_id, run.operator))
    fail_once(run, monkeypatch, event)
    with pytest.raises(RunFailed):
        run.execute(plan)
    run.execute(plan)
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


def test_44_sends_to_every_channel_whatever_becomes_of_the_others(
    project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port, web_receiver(PAGERDUTY_OK) as web:
        mail = f", mail: {{host: 127.0.0.1, port: {port}, tls: none, sender: a@example.com}}"
        configure(project_dir, monkeypatch, web.url, mail)
        monkeypatch.setenv("STAGING_PAGERDUTY_KEY", ROUTING_KEY)
        run = opened(mode="apply", confirm="nowhere")
        routes = observability.notification_routes(run.environment, run.secrets)
        plan = run.plan(observability.plan_notify(run.environment, routes, run.run_id, run.operator))
        run.execute(plan)
        run.execute(plan)  # once more in the same run: what was taken is not sent again
        with pytest.raises(ChecksFailed, match="slack takes the message"):
            run.close()
    states = {event["key"]: event["state"] for event in journal.read(run.folder.path) if event["event"] == "step_finished"}
    assert states == {"email": "passed", "slack": "failed", "pagerduty": "passed"}
    assert len(mailbox.mails) == 1
    assert [path for path, _, _ in web.requests].count("/v2/change/enqueue") == 1


def test_44_in_plan_mode_and_without_a_confirmation_sends_nothing(receiver: WebReceiver) -> None:
    for parameters in ({"mode": "plan"}, {"mode": "apply", "confirm": ""}):
        run = opened(**parameters)
        routes = observability.notification_routes(run.environment, run.secrets)
        plan = run.plan(observability.plan_notify(run.environment, routes, run.run_id, run.operator))
        if run.mode == "plan":
            run.execute(plan)
        else:
            with pytest.raises(ConfirmationMissing):
                run.execute(plan)
    assert receiver.requests == []


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
