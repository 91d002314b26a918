"""A real Alertmanager, started as on the server, and real receivers: what the team gets by mail, Slack and PagerDuty."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unit.alertmanager_server import LISTEN, program, serving
from tests.unit.connections.notifying.receivers import Mailbox, Reply, WebReceiver, mail_server, web_receiver
from tests.unit.staging.files import STAGING

ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"
WEBHOOK = "/services/T0CAN/B0CAN/zQ4kW9xT2vLm8Rb5"
# what a test cannot wait for, or must not reach; everything else is the file as it is
SHORTENED = {
    "smtp_smarthost: mail-relay:25 ": "smtp_smarthost: 127.0.0.1:{mail} ",
    "resolve_timeout: 5m": "resolve_timeout: 5m\n  pagerduty_url: {web}/v2/enqueue",
    "group_wait: 30s": "group_wait: 1s",
    "group_wait: 10s": "group_wait: 1s",
    "group_interval: 5m": "group_interval: 1s",
}
TAKEN = Reply(202, '{"status": "success", "message": "Event processed", "dedup_key": "x"}')
PATIENCE_S = 120.0  # for a busy machine; what is waited for takes a second


@dataclass
class Team:
    """What has arrived, and the Alertmanager that sends it."""

    address: str
    mailbox: Mailbox
    web: WebReceiver

    def post(self, *alerts: dict[str, str], ended: bool = False, own: str = "") -> None:
        """Fire these alerts, or end them."""
        ends = {"endsAt": "2020-01-01T00:00:00Z"} if ended else {}
        posted = [{"labels": labels, "annotations": {"summary": labels.get(own) or f"{labels['alertname']} it is"}, **ends} for labels in alerts]
        requests.post(f"{self.address}/api/v2/alerts", json=posted, timeout=60).raise_for_status()

    def subjects(self, alertname: str) -> list[str]:
        """The subjects of the mails about an alert."""
        return [str(mail["Subject"]) for mail in list(self.mailbox.mails) if alertname in str(mail["Subject"])]

    def slack(self, alertname: str) -> list[dict[str, Any]]:
        """What Slack got about an alert."""
        return [body for path, _, body in list(self.web.requests) if path == WEBHOOK and alertname in str(body)]

    def pagerduty(self, alertname: str) -> list[dict[str, Any]]:
        """What PagerDuty got about an alert."""
        return [body for path, _, body in list(self.web.requests) if path == "/v2/enqueue" and alertname in str(body)]


def until(happened: Callable[[], object], what: str) -> None:
    """Wait for an effect."""
    ends = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < ends, what
        time.sleep(0.1)


def all_of(channel: Callable[[str], list[Any]], *names: str) -> bool:
    """Whether the channel got something about each of these alerts."""
    return all(channel(name) for name in names)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder, mailbox = tmp_path_factory.mktemp("alertmanager"), Mailbox()
    with mail_server(mailbox) as mail, web_receiver(TAKEN) as web:
        command, surroundings = prepared(folder, mail, web.url)
        with serving(folder, command, surroundings) as address:
            yield Team(address, mailbox, web)


def prepared(folder: Path, mail: int, web: str) -> tuple[list[str], dict[str, str]]:
    """The command that starts Alertmanager by the server's own start.sh, with its paths in this folder, and its variables."""
    config = (STAGING / "alertmanager/alertmanager.yml").read_text()
    for text, shorter in SHORTENED.items():
        assert text in config
        config = config.replace(text, shorter.format(mail=mail, web=web))
    (folder / "alertmanager.yml").write_text(config)
    script = (STAGING / "alertmanager/start.sh").read_text()
    for text, here in {"/etc/alertmanager/": f"{folder}/", "/tmp/alertmanager": str(folder / "made"),
                       "--storage.path=/alertmanager": f"--storage.path={folder}/data {LISTEN}"}.items():
        assert text in script
        script = script.replace(text, here)
    (folder / "start.sh").write_text(script)
    (folder / "alertmanager").symlink_to(program())
    surroundings = {"PATH": f"{folder}:{os.environ['PATH']}", "SLACK_WEBHOOK": web + WEBHOOK, "PAGERDUTY_KEY": ROUTING_KEY}
    return ["sh", str(folder / "start.sh")], surroundings


def test_alerts_of_one_group_come_as_one_message_in_each_channel_and_so_does_their_end(team: Team) -> None:
    two = tuple({"alertname": "ServiceUnhealthy", "job": job, "severity": "critical"} for job in ("postgres", "redis"))
    team.post(*two)
    for channel in (team.subjects, team.slack, team.pagerduty):
        until(partial(all_of, channel, "ServiceUnhealthy"), channel.__name__)
    assert team.subjects("ServiceUnhealthy") == ["[staging] firing: ServiceUnhealthy it is"]
    assert len(team.slack("ServiceUnhealthy")) == 1
    (opened,) = team.pagerduty("ServiceUnhealthy")
    assert (opened["event_action"], opened["routing_key"]) == ("trigger", ROUTING_KEY)
    assert {"summary", "source", "severity"} <= set(opened["payload"])
    team.post(*two, ended=True)
    until(lambda: len(team.subjects("ServiceUnhealthy")) == 2, "the mail about its end")
    until(lambda: len(team.slack("ServiceUnhealthy")) == 2, "Slack's message about its end")
    until(lambda: len(team.pagerduty("ServiceUnhealthy")) == 2, "PagerDuty's event about its end")
    assert team.subjects("ServiceUnhealthy")[1] == "[staging] resolved: ServiceUnhealthy it is"
    closed = team.pagerduty("ServiceUnhealthy")[1]
    assert (closed["event_action"], closed["dedup_key"]) == ("resolve", opened["dedup_key"])


def test_a_group_whose_alerts_have_summaries_of_their_own_is_named_by_its_alert(team: Team) -> None:
    """Found on the lab: a drill's alert and the real one of its name came together, and the subject ended after "firing: "."""
    two = tuple({"alertname": "MemoryUsageHigh", "severity": "critical", "job": job} for job in ("one", "another"))
    team.post(*two, own="job")
    until(lambda: team.subjects("MemoryUsageHigh"), "the mail")
    assert team.subjects("MemoryUsageHigh") == ["[staging] firing: MemoryUsageHigh"]
    team.post(*two, ended=True, own="job")


def test_an_alert_of_a_drill_and_a_real_one_of_its_name_are_never_in_one_message(team: Team) -> None:
    """Without the drill's branch of the routes, as after a restart of Alertmanager, only the groups keep them apart."""
    real = {"alertname": "TargetDown", "job": "node", "severity": "warning"}
    drill = real | {"drill": "20261128T120000Z-42", "job": "DRILL of TargetDown"}
    team.post(real)
    team.post(drill, own="job")
    began = {"[staging] firing: DRILL of TargetDown", "[staging] firing: TargetDown it is"}
    until(lambda: set(team.subjects("TargetDown")) >= began, "a mail about each")
    until(lambda: len(team.pagerduty("TargetDown")) == 2, "an incident of each")
    team.post(drill, ended=True, own="job")
    until(lambda: "[staging] resolved: DRILL of TargetDown" in team.subjects("TargetDown"), "the mail about the drill's end")
    until(lambda: len(team.pagerduty("TargetDown")) == 3, "the end of the drill's incident")
    *opened, closed = team.pagerduty("TargetDown")
    assert len({one["dedup_key"] for one in opened}) == 2
    assert closed["event_action"] == "resolve"
    assert "DRILL" in str(next(one for one in opened if one["dedup_key"] == closed["dedup_key"]))
    assert len(team.subjects("TargetDown")) == 3
    team.post(real, ended=True)


def test_two_groups_have_two_incidents(team: Team) -> None:
    alerts = ({"alertname": "DiskUsageHigh", "severity": "critical"}, {"alertname": "CpuUsageHigh", "severity": "warning"})
    team.post(*alerts)
    for channel in (team.pagerduty, team.subjects):
        until(partial(all_of, channel, "DiskUsageHigh", "CpuUsageHigh"), channel.__name__)
    keys = {team.pagerduty(one["alertname"])[0]["dedup_key"] for one in alerts}
    assert len(keys) == 2
    assert len(team.subjects("DiskUsageHigh")) == len(team.subjects("CpuUsageHigh")) == 1
    team.post(*alerts, ended=True)


def test_a_symptom_of_a_cause_that_fires_is_sent_by_no_channel(team: Team) -> None:
    cause = {"alertname": "ServiceUnhealthy", "job": "backend", "severity": "critical"}
    symptom = {"alertname": "ErrorRateHigh", "severity": "critical"}
    before = len(team.subjects("ServiceUnhealthy"))
    team.post(cause)
    until(lambda: len(team.subjects("ServiceUnhealthy")) > before, "the mail about the cause")
    team.post(symptom)
    # fired after the symptom, with the same wait: when it has arrived, the symptom's turn has passed
    team.post({"alertname": "MemoryUsageHigh", "severity": "critical"})
    until(lambda: team.subjects("MemoryUsageHigh") and team.pagerduty("MemoryUsageHigh") and team.slack("MemoryUsageHigh"),
          "what came after it")
    assert (team.subjects("ErrorRateHigh"), team.slack("ErrorRateHigh"), team.pagerduty("ErrorRateHigh")) == ([], [], [])
    team.post(symptom, cause, ended=True)


def test_secrets_of_the_channels_are_in_files_and_neither_in_the_configuration_nor_in_its_log(team: Team, tmp_path_factory: Any) -> None:
    folder = next(path for path in tmp_path_factory.getbasetemp().glob("alertmanager*") if (path / "made").exists())
    made = folder / "made"
    assert (made / "slack").read_text().endswith(WEBHOOK)
    assert (made / "pagerduty").read_text() == ROUTING_KEY
    assert {path.stat().st_mode & 0o077 for path in made.iterdir()} == {0}
    for text in ((made / "alertmanager.yml").read_text(), (folder / "log").read_text(),
                 requests.get(f"{team.address}/api/v2/status", timeout=60).text):
        assert WEBHOOK not in text
        assert ROUTING_KEY not in text
