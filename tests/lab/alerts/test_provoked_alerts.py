"""A drill of alerts on a whole server: real conditions, the real Alertmanager, a real SMTP server and real HTTP receivers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.resilience.runner import wait_for
from runbook_lib.connections import OpenConnections
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_drills import survey_drills
from runbook_lib.observability.facts.alerting import survey
from tests.lab.conftest import Lab
from tests.unit.connections.notifying.receivers import PAGERDUTY_OK, Mailbox, WebReceiver, mail_server, web_receiver

CONDITIONS = ("ServiceUnhealthy", "ErrorRateHigh", "ApiResponseTimeHigh")
CONFIG = "/opt/gw2-wvwbuilder/alertmanager/alertmanager.yml"
KEY = "e93facc04764012d7bfb002500d5d1a6"
QUIET_S = 25  # of scrapes and evaluations every 5 s
LIMIT_S = 240  # for a busy machine: what is waited for takes seconds
# mail to the server's own port 25 goes to the receiver on this machine: the lab has no mail transfer agent
TO_US = "PREROUTING -p tcp --dport 25 -j DNAT --to {gateway}:{port}"
BACK = "POSTROUTING -p tcp -d {gateway} -j MASQUERADE"
LEFT = """ls /opt/gw2-wvwbuilder/prometheus/rules; docker ps --all --quiet --filter label=runbook.alert-drill
docker exec gw2-staging-alertmanager-1 ls /tmp/alertmanager"""


@dataclass
class Team:
    """What has arrived."""

    mailbox: Mailbox
    web: WebReceiver

    def subjects(self, run_id: str) -> list[str]:
        """Of the mails of a drill, sorted."""
        return sorted(str(one["Subject"]) for one in self.mailbox.mails if run_id in str(one["Subject"]))

    def slack(self, run_id: str) -> list[str]:
        """Titles of Slack's messages about a drill."""
        return [body["attachments"][0]["title"] for path, _, body in list(self.web.requests)
                if path.startswith("/services/") and run_id in str(body)]

    def pagerduty(self, run_id: str) -> list[tuple[str, str]]:
        """Action and incident of PagerDuty's events about a drill."""
        return [(body["event_action"], body["dedup_key"]) for path, _, body in list(self.web.requests)
                if path == "/v2/enqueue" and run_id in str(body)]


@pytest.fixture
def team(lab: Lab) -> Iterator[Team]:
    """Alertmanager of the server sends to this machine through all three channels, until the test ends."""
    before = lab.on_server("cat", CONFIG)
    gateway = lab.on_server("sh", "-c", "ip -4 route show default | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'").strip()
    mailbox = Mailbox()
    with mail_server(mailbox, host=gateway) as port, web_receiver(PAGERDUTY_OK, host=gateway) as web:
        channels = {"slack": f"    slack_configs: [{{api_url: '{web.url}/services/T0/B0/x', send_resolved: true}}]",
                    "pagerduty": f"    pagerduty_configs: [{{routing_key: {KEY}, url: '{web.url}/v2/enqueue'}}]"}
        made = before
        for name, line in channels.items():
            assert f"    # channel: {name}" in made
            made = made.replace(f"    # channel: {name}", line)
        rules = [rule.format(gateway=gateway, port=port) for rule in (TO_US, BACK)]
        try:
            for rule in rules:
                lab.on_server("sh", "-c", f"iptables -t nat -A {rule}")
            restarted_with(lab, made)
            yield Team(mailbox, web)
        finally:
            for rule in rules:
                lab.on_server("sh", "-c", f"iptables -t nat -D {rule}")
            restarted_with(lab, before)


def restarted_with(lab: Lab, configuration: str) -> None:
    lab.on_server("sh", "-c", 'printf %s "$1" >"$2"', "sh", configuration, CONFIG)
    lab.on_server("docker", "restart", "gw2-staging-alertmanager-1")
    ready = "curl --silent --fail http://127.0.0.1:9093/-/ready >/dev/null && echo ready || true"
    wait_for(lambda: "ready" in lab.on_server("sh", "-c", ready), "Alertmanager", LIMIT_S)


def until_quiet(environment: Environment, connections: OpenConnections) -> None:
    """None of the conditions has been true for a while, as after a start or a deployment: the drill would be refused.

    A service that was restarted is seen as away by the next scrape, and its alert is pending at the evaluation after that.
    """
    begun = time.monotonic()

    def quiet() -> bool:
        nonlocal begun
        if any(row["alert"] in CONDITIONS for row in survey(environment).fetch(connections).rows):
            begun = time.monotonic()
        return time.monotonic() - begun > QUIET_S

    wait_for(quiet, "a quiet environment", LIMIT_S)


def test_three_conditions_are_made_true_and_arrive_by_every_channel_and_so_does_their_end(
    lab: Lab, environment: Environment, connections: OpenConnections, outputs: Path, team: Team
) -> None:
    until_quiet(environment, connections)
    before, kept = lab.on_server("sh", "-c", LEFT), survey_drills(environment).fetch(connections)
    done = lab.runbook("run", "42_alert_drill", "-e", lab.environment, "--apply", "--confirm", lab.name, "--reason", "test",
                       "-p", f"conditions=[{', '.join(CONDITIONS)}]", outputs=outputs)
    # the run's own verdict is also about what else fires: the processors of a busy machine, for one
    output = done.stdout + done.stderr
    assert "Path of each alert: 26 passed" in output, output
    assert "Everything is undone: 1 passed" in output, output
    (record,) = survey_drills(environment).fetch(connections).added_since(kept).drills
    assert record.whole, json.dumps(record.rows)
    assert set(record.conditions) == set(CONDITIONS)
    summaries = [environment.alerts.conditions[name].condition for name in CONDITIONS]
    assert set(team.subjects(record.run_id)) == {
        f"[staging] {state}: DRILL {record.run_id}: {summary}" for state in ("firing", "resolved") for summary in summaries}
    for name in CONDITIONS:
        titles = [title.partition(" (")[0] for title in team.slack(record.run_id) if name in title]
        assert {f"[FIRING:1] {name}", f"[RESOLVED] {name}"} == set(titles)
    events = team.pagerduty(record.run_id)
    opened, closed = ({key for action, key in events if action == wanted} for wanted in ("trigger", "resolve"))
    assert opened == closed
    assert len(opened) == len(CONDITIONS)
    assert lab.on_server("sh", "-c", LEFT) == before
