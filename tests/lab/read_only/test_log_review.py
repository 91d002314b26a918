"""43 Log review on logs of a test, on a real server over SSH: one that is quiet, and one with a fault for each check."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.operators import FinishedRun, Operator
from tests.lab_server import Lab

FOLDER = "/var/tmp/logs-of-a-test"
SECRET = "hunter2secret"
NOW = datetime.now(UTC).replace(microsecond=0)


def at(minutes: float) -> str:
    """So many minutes ago."""
    return (NOW - timedelta(minutes=minutes)).isoformat()


def request(minutes: float, status: int = 200, seconds: float = 0.01, **more: object) -> str:
    return json.dumps({"time": at(minutes), "path": f"/items/{int(minutes)}", "status": status, "seconds": seconds,
                       "address": "203.0.113.9", "request_id": "", **more}) + "\n"


def message(minutes: float, level: str, text: str, **more: object) -> str:
    return json.dumps({"time": at(minutes), "level": level, "message": text, **more}) + "\n"


QUIET = {"access.log.2.gz": "".join(request(minutes) for minutes in range(600, 500, -1)),
         "access.log.1": "".join(request(minutes) for minutes in range(400, 300, -1)),
         "access.log": "".join(request(minutes) for minutes in range(100, 0, -1)),
         "app.log": message(50, "INFO", "started") + message(20, "INFO", "done"), "error.log": ""}
FAULTY = {**QUIET, "access.log": QUIET["access.log"] + request(9, 200, 7.5, request_id="slow-one") * 60 + request(8, 500) * 10
          + "\x1b[2J<script>\0 junk\n" * 20 + "x" * 1_000_000 + "\n",
          "app.log": QUIET["app.log"] + message(9, "WARNING", "pool exhausted", request_id="slow-one", seconds=7.4)
          + message(5, "ERROR", f"login of ann@example.com failed: password={SECRET}") * 3}
PLACE = {"proxy": {"path": f"{FOLDER}/access.log"}, "backend": {"path": f"{FOLDER}/app.log"}, "proxy-errors": {"path": f"{FOLDER}/error.log"}}


@pytest.fixture
def logs_on_server(lab: Lab) -> Any:
    def write(files: Mapping[str, str]) -> None:
        lines = [f"rm -rf {FOLDER}; mkdir -m 755 {FOLDER}"]
        for name, text in files.items():
            content = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
            packed = b64encode(gzip.compress(content)).decode()
            lines.append(f"echo {packed} | base64 -d | gzip -dc > {FOLDER}/{name}; chmod 644 {FOLDER}/{name}")
        lab.on_server("bash", "-c", "set -e\n" + "\n".join(lines))

    yield write
    lab.on_server("rm", "-rf", FOLDER)


def found(ended: FinishedRun) -> dict[str, str]:
    return {one["check"]: one["verdict"] for event in ended.events if event["event"] == "findings" for one in event["findings"]}


def test_quiet_logs_pass_and_each_fault_turns_its_check_red(operator: Operator, environment_with: Callable[..., str],
                                                            logs_on_server: Callable[[Mapping[str, str]], None]) -> None:
    environment = environment_with(logs=PLACE)
    logs_on_server(QUIET)
    quiet = operator.run("43_log_review", environment=environment)
    assert (quiet.code, quiet.end["verdict"]) == (0, "passed"), quiet.output
    logs_on_server(FAULTY)
    faulty = operator.run("43_log_review", environment=environment)
    assert faulty.code == 1, faulty.output
    assert found(faulty) == {
        "the logs fit": "passed", "log proxy can be read": "warning", "log proxy-errors can be read": "passed",
        "log backend can be read": "passed", "requests answered with 5xx": "failed", "response times by route": "failed",
        "new errors": "not applicable",  # the first release is live
    }, faulty.output
    assert faulty.folder is not None
    sample = (faulty.folder / "evidence/log-sample.csv").read_text()
    assert "login of <e-mail> failed: password=<secret>" in sample
    assert "WARNING pool exhausted" in sample
    for kept in faulty.folder.rglob("*"):
        assert not kept.is_file() or SECRET not in kept.read_bytes().decode("utf-8", "replace"), kept
