"""44 sends what it was asked to, once, to each channel, and nothing without a confirmation."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from runbook_lib import observability
from runbook_lib.archive import journal
from runbook_lib.core.errors import ChecksFailed, ConfirmationMissing, RunFailed
from runbook_lib.run import notifying
from tests.notebooks.sample_notebooks import ProjectDir
from tests.unit.connections.notifying.messages import ROUTING_KEY
from tests.unit.connections.notifying.receivers import (
    PAGERDUTY_OK,
    Mailbox,
    WebReceiver,
    mail_server,
    web_receiver,
)
from tests.unit.run.notified_runs import configure, fail_once
from tests.unit.run_doubles import finished, opened


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


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_44_that_can_send_nothing_has_not_passed(project_dir: ProjectDir, outputs: Path, monkeypatch: pytest.MonkeyPatch,
                                                 mode: str) -> None:
    configure(project_dir, monkeypatch, "http://127.0.0.1:1")
    monkeypatch.delenv("STAGING_SLACK_WEBHOOK")
    run = opened(mode=mode, confirm="nowhere")
    routes = observability.notification_routes(run.environment, run.secrets)
    run.verify(observability.checks.channels_are_configured(run.environment, routes), "Channels")
    run.execute(run.plan(observability.plan_notify(run.environment, routes, run.run_id, run.operator)))
    run.close()
    end = finished(outputs)
    assert (end["verdict"], end["exit_code"]) == ("not applied", 0)
    assert end["summary"] == "Nothing was done: no channel is configured."


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


def test_44_sends_through_all_channels_at_once_so_that_those_that_hang_take_as_long_as_one(
    project_dir: ProjectDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, three that hung took 45 s of the 15 s that all of them have together."""
    configure(project_dir, monkeypatch, "http://127.0.0.1:1", ", mail: {host: 127.0.0.1, port: 1, tls: none, sender: a@example.com}")
    monkeypatch.setenv("STAGING_PAGERDUTY_KEY", ROUTING_KEY)
    run = opened(mode="apply", confirm="nowhere")
    routes = observability.notification_routes(run.environment, run.secrets)
    plan = run.plan(observability.plan_notify(run.environment, routes, run.run_id, run.operator))
    together = threading.Barrier(len(plan.steps), timeout=60)
    deliver = notifying._deliver

    def delivered(*words: Any) -> Any:
        together.wait()
        return deliver(*words)

    monkeypatch.setattr(notifying, "_deliver", delivered)
    execution = run.execute(plan)
    assert [one.key for one in execution.steps] == ["email", "slack", "pagerduty"]
    assert {one.state for one in execution.steps} == {"failed"}
    assert not together.broken
