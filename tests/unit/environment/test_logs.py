"""Logs as data: one that cannot be read is refused, with its place in the file, before anything is contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.logs import LogFile, access_log, log_file, names_who_answered
from tests.unit.environment_doubles import faults_of, overlay


def test_the_plans_logs_are_reviewed(staging: Environment) -> None:
    planned = {path for files in staging.logging.files.values() for path in files if path.startswith("/")}
    assert {log.path for log in staging.logs.values()} == planned


def test_the_lab_has_the_same_logs(staging: Environment) -> None:
    assert "logs:" not in (Path(__file__).parents[3] / "parameters/environments/lab.yaml").read_text()
    assert staging.logs


@pytest.mark.parametrize(("log", "fault"), [
    ("{kind: access, format: json}", "logs.mine: path and service: exactly one of them"),
    ("{kind: access, format: json, path: /a, service: nginx}", "exactly one of them"),
    ("{kind: access, format: jason, path: /a}", "logs.mine.format"),
    ("{kind: acess, format: json, path: /a}", "logs.mine.kind"),
    ("{kind: application, format: combined, path: /a}", "a log of kind application is never combined"),
    ("{kind: access, format: text, path: /a}", "a log of kind access is never text"),
    ("{kind: access, format: json, path: a.log}", "logs.mine.path"),
    ("{kind: access, format: json, path: /}", "should be the path of a file"),
    ("{kind: access, format: json, path: /var/../etc/shadow}", "without .."),
    ("{kind: access, format: json, path: '/a b'}", "logs.mine.path"),
    ("{kind: access, format: json, path: /a, file: x}", "unknown key"),
    ("{kind: access, format: json, service: ngynx}", "logs.mine.service: there is no service 'ngynx'"),
    ("{kind: access, format: combined, path: /a, fields: {status: code}}", "they belong to json"),
    ("{kind: access, format: json, path: /a, fields: {level: l}}", "fields.level: a log of kind access"),
    ("{kind: application, format: json, path: /a, fields: {status: s}}", "fields.status: a log of kind application"),
    ("{kind: access, format: json, path: /a, fields: {stauts: s}}", "logs.mine.fields"),
    ("{kind: access, format: json, path: /a, fields: {status: 3}}", "logs.mine.fields.status"),
    ("{kind: access, format: json, path: /var/log/nginx/access.log}", "is that of logs.proxy already"),
    ("{kind: access, format: json, path: /var//log/./nginx/access.log}", "is that of logs.proxy already"),
    ("[]", "logs.mine"),
])
def test_a_log_that_cannot_be_read_is_refused(tmp_path: Path, log: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, f"logs: {{mine: {log}}}")))


@pytest.mark.parametrize("log", [
    "{kind: access, format: combined, service: nginx}",
    "{kind: application, format: text, service: backend}",
    "{kind: access, format: json, path: /srv/logs/web-1.log, fields: {status: code, seconds: took, path: uri}}",
])
def test_other_applications_logs_are_data_alone(tmp_path: Path, log: str) -> None:
    assert "mine" in load_environment(overlay(tmp_path, f"logs: {{mine: {log}}}")).logs


def test_the_log_of_a_kind_is_a_file_and_json_before_others() -> None:
    text = LogFile(kind="application", format="text", path="/var/log/errors")
    json = LogFile(kind="application", format="json", path="/srv/app.log")
    docker = LogFile(kind="application", format="json", service="web")
    access = LogFile(kind="access", format="combined", path="/var/log/access")
    logs = {"docker": docker, "errors": text, "app": json, "access": access}
    assert log_file(logs, "application") == "/srv/app.log"
    assert log_file({"docker": docker, "errors": text}, "application") == "/var/log/errors"
    assert log_file(logs, "access") == "/var/log/access"
    assert log_file({"docker": docker}, "application") == ""


def test_requests_are_counted_in_json_before_others_and_in_a_file_before_a_service() -> None:
    def access(**words: Any) -> LogFile:
        return LogFile(kind="access", **words)

    combined, docker = access(format="combined", path="/var/log/access"), access(format="json", service="web")
    ours, named = access(format="json", path="/var/log/a"), access(format="json", path="/var/log/b", fields={"status": "code"})
    application = LogFile(kind="application", format="json", path="/srv/app.log")
    assert access_log({"app": application}) is None
    assert access_log({"app": application, "a": combined}) == combined
    assert access_log({"a": combined, "b": docker}) == docker
    assert access_log({"a": combined, "b": docker, "c": ours}) == ours
    assert [names_who_answered(one) for one in (ours, named, docker, combined, None)] == [True, False, False, False, False]
