"""The part `notifications` of an environment file: typed, strict, and named by its path where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.contract.catalogue import runbooks
from runbook_lib.environment import load_environment
from tests.unit.environment_doubles import faults_of, overlay


def test_without_the_part_nothing_is_sent_and_staging_names_notebooks_that_exist() -> None:
    named = load_environment("staging").notifications.runs
    assert named
    assert set(named) <= {one.name for one in runbooks()}


def test_a_mail_server_is_read_and_its_certificate_file_lies_next_to_the_file(tmp_path: Path) -> None:
    made = load_environment(overlay(tmp_path, """\
        notifications:
          ca_file: ./ca.pem
          mail: {host: smtp.example.com, sender: runbooks@example.com, user: runbooks, password: STAGING_SMTP_PASSWORD}
        secrets:
          STAGING_SMTP_PASSWORD: {needed_by: [notifications], minimum_length: 12, side: ci, required: false}
        """)).notifications
    assert made.mail is not None
    assert (made.mail.port, made.mail.tls, made.ca_file) == (587, "starttls", str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(("text", "fault"), [
    ("notifications: {deadline: 5}", "notifications.deadline"),
    ("notifications: {deadline_s: 0}", "notifications.deadline_s"),
    ("notifications: {deadline_s: 3600}", "notifications.deadline_s"),
    ("notifications: {deadline_s: .inf}", "notifications.deadline_s"),
    ("notifications: {runs: {deploy: always}}", "notifications.runs"),
    ("notifications: {runs: {20_deploy: sometimes}}", "notifications.runs.20_deploy"),
    ("notifications: {report_url: ftp://example.com}", "notifications.report_url"),
    ("notifications: {pagerduty_url: http://events.pagerduty.com}", "notifications.pagerduty_url"),
    ("notifications: {mail: {host: smtp.example.com}}", "notifications.mail.sender"),
    ("notifications: {mail: {host: '-oProxy', sender: a@example.com}}", "notifications.mail.host"),
    ("notifications: {mail: {host: a, sender: 'A <a@example.com>'}}", "notifications.mail.sender"),
    ('notifications: {mail: {host: a, sender: "a@example.com\\nBcc: b@example.com"}}', "notifications.mail.sender"),
    ("notifications: {mail: {host: a, sender: a@example.com, user: me}}", "user and password go together"),
    ("notifications: {mail: {host: a, sender: a@example.com, tls: none, user: me, password: STAGING_DB_PASSWORD}}",
     "would be sent in clear"),
    ("notifications: {mail: {host: a, sender: a@example.com, user: me, password: NO_SUCH_SECRET}}",
     "notifications.mail.password: NO_SUCH_SECRET is not among the secrets"),
    ("alerts: {channels: {email: {to: ['devops@example.com, all@example.com']}}}", "alerts.channels.email.to"),
    ("alerts: {channels: {email: {to: ['.@a']}}}", "alerts.channels.email.to"),
    ("alerts: {channels: {email: {to: ['a..b@example.com']}}}", "alerts.channels.email.to"),
    ("alerts: {channels: {email: {to: ['ops@-example.com']}}}", "alerts.channels.email.to"),
    ("alerts: {channels: {email: {to: ['ops@example..com']}}}", "alerts.channels.email.to"),
    ("alerts: {channels: {email: {to: ['ops@.']}}}", "alerts.channels.email.to"),
    ('alerts: {channels: {email: {to: ["devops@example.com\\r\\nRCPT TO:<x@y>"]}}}', "alerts.channels.email.to"),
])
def test_a_fault_is_named_by_its_path(tmp_path: Path, text: str, fault: str) -> None:
    faults = faults_of(overlay(tmp_path, text))
    assert any(fault in line for line in faults), faults


def test_a_secret_in_the_place_of_its_name_is_refused_and_not_repeated(tmp_path: Path) -> None:
    faults = faults_of(overlay(tmp_path, "alerts: {channels: {slack: {secret: https://hooks.example.com/canary}}}"))
    assert faults
