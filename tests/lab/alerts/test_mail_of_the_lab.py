"""What a lab's server sends to people can be seen: mail in its mailbox, Slack and PagerDuty by the lab's receivers."""

from __future__ import annotations

from pathlib import Path

from lab.mailbox import listed, mails
from lab.receivers import CONTAINER, READ, Received, receiving
from lab.resilience.runner import wait_for
from tests.lab.conftest import Lab

LIMIT_S = 120
# as Prometheus does: an alert of a minute, through the live routes and their waits
RAISE = """end=$(date -u -d '+1 minute' +%FT%TZ)
curl --silent --fail --header 'Content-Type: application/json' http://127.0.0.1:9093/api/v2/alerts --data \
'[{"labels": {"alertname": "MailOfTheLab", "severity": "critical"}, "annotations": {"summary": "raised by a test"}, "endsAt": "'$end'"}]'"""


def test_messages_of_runs_and_alerts_arrive_in_the_labs_mailbox(lab: Lab, outputs: Path) -> None:
    before = len(mails(lab.instance))
    lab.on_server("sh", "-c", RAISE)
    done = lab.runbook("run", "44_notify", "-e", lab.environment, "--apply", "--confirm", lab.name, "--reason", "test",
                       outputs=outputs)
    assert done.returncode == 0, done.stdout + done.stderr

    def arrived() -> str:
        return listed(mails(lab.instance)[before:], texts=True)

    wait_for(lambda: "firing: raised by a test" in arrived(), "the alert's mail", LIMIT_S)
    assert f"[{lab.name}]" in arrived()
    assert "devops@example.com" in arrived()


def test_both_optional_channels_receive_an_alert_as_their_documents_have_it_and_are_off_again(lab: Lab) -> None:
    before = lab.on_server("sh", "-c", READ)
    seen: list[Received] = []
    with receiving(lab.instance, seen.append):
        lab.on_server("sh", "-c", RAISE.replace("MailOfTheLab", "ReceiversOfTheLab"))

        def arrived() -> set[str]:
            return {one.channel for one in seen if "ReceiversOfTheLab" in str(one.body)}

        wait_for(lambda: arrived() == {"slack", "pagerduty"}, f"the alert, in {CONTAINER}", LIMIT_S)
    assert [one.faults for one in seen if one.faults] == []
    assert lab.on_server("sh", "-c", READ) == before
