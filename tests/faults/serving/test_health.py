"""40 Health on a server where much is wrong at once: each check is red, each red row says what next, and nothing hangs.

Here /health is made to lie: nginx answers it with a constant, as an application would whose check asks for nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.operators import FinishedRun, Operator
from tests.lab_server import Lab

SITE = "/opt/gw2-wvwbuilder/nginx/sites/staging.conf"
LOG = "/var/log/gw2/backend.log"
RELOAD = "docker exec gw2-staging-nginx-1 nginx -s reload"
STOPPED = "redis prometheus frontend-blue"
BREAK = f"""cp -p {SITE} /root/site.before && cp -p {LOG} /root/log.before
sed -i "s|location = /health {{|& default_type application/json; return 200 '$1';|" {SITE}
{RELOAD}
for one in {STOPPED}; do docker stop --time 1 gw2-staging-$one-1; done
date -u +'{{"time": "%Y-%m-%dT%H:%M:%S+00:00", "level": "ERROR", "message": "made by a test"}}' >> {LOG}"""
REPAIR = f"""for one in {STOPPED}; do docker start gw2-staging-$one-1; done
cat /root/site.before > {SITE}; touch -r /root/site.before {SITE}; {RELOAD}; cat /root/log.before > {LOG}
rm /root/site.before /root/log.before"""
UNHEALTHY = "docker ps --all --filter label=com.docker.compose.project=gw2-staging --format '{{.Names}} {{.Status}}' | grep -v '(healthy)' || true"
MOST_S = 180.0


@contextmanager
def broken(lab: Lab, before: str, after: str, *words: str) -> Iterator[None]:
    try:
        lab.on_server("bash", "-c", f"set -e\n{before}", "break", *words)
        yield
    finally:
        lab.on_server("bash", "-c", after)
        until = time.monotonic() + MOST_S
        while left := lab.on_server("bash", "-c", UNHEALTHY):
            assert time.monotonic() < until, left
            time.sleep(0.5)
        # Docker's word is as old as its last check: a break of a second is not over when its containers have started
        for path in ("/", "/health"):
            while lab.on_server("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", f"https://127.0.0.1{path}") != "200":
                assert time.monotonic() < until, path
                time.sleep(0.5)


def found(ended: FinishedRun) -> Mapping[str, Any]:
    """The findings of a run by their checks."""
    return {one["check"]: one for event in ended.events if event["event"] == "findings" for one in event["findings"]}


@pytest.fixture(scope="module")
def lying(lab: Lab) -> str:
    """What /health reports while all is good, to be reported whatever happens."""
    return json.dumps(lab.serving())


def test_every_check_is_red_where_everything_is_wrong_and_says_what_next(
        operator: Operator, lab: Lab, lying: str, environment_with: Callable[..., str]) -> None:
    strict = environment_with(disk_minimum_gb=100_000, certificate_minimum_days=3650,
                              services={"frontend": {"needs": ["postgres"]}})
    with broken(lab, BREAK, REPAIR, lying):
        ended = operator.run("40_health", "-p", "deadline_s=60", environment=strict)
    findings = found(ended)
    assert ended.code == 1, ended.output
    verdicts = {name: one["verdict"] for name, one in findings.items()}
    red = {
        "redis works": "failed", "prometheus works": "failed", "frontend-blue works": "failed", "redis-exporter works": "failed",
        "true: the cache is reported ok": "failed", "true: /health answers 200": "failed",
        "true: the database is reported ok": "passed",
        "backend-blue is connected to redis": "inconclusive", "backend-blue is connected to postgres": "passed",
        "/ answers": "failed", "/health answers": "passed",
        "the certificate lasts": "failed", "monitoring targets": "inconclusive", "alerts": "inconclusive",
        "errors in the log": "warning", "grafana works": "not applicable",
    }
    assert {name: verdicts.get(name) for name in red} == red, "\n".join(
        f"{one['verdict']} {name}: {one['measured']}" for name, one in findings.items())
    assert verdicts["the page shows what it should"] != "passed"
    assert any(name.startswith("disk space") and verdict == "failed" for name, verdict in verdicts.items())
    assert all(one["next_step"] for one in findings.values() if one["verdict"] in ("failed", "inconclusive", "warning"))
    assert findings["redis-exporter works"]["next_step"].startswith("First redis, which it needs")
    sentence = next(event["text"] for event in ended.events if event["event"] == "shown" and event.get("highlight") and "text" in event)
    assert "is NOT healthy: " in sentence and "Users are affected" in sentence
    assert "frontend-blue (exited" in sentence and "; redis (exited" in sentence and " and 1 more." in sentence


@pytest.mark.parametrize("service", ["redis", "postgres"])
def test_a_service_that_hangs_costs_its_own_rows_and_no_more_than_the_deadline(operator: Operator, lab: Lab, service: str) -> None:
    """With a PostgreSQL that hung 40 took 26 s of 6, and knew nothing of any other service."""
    signal = f"pid=$(docker inspect --format '{{{{{{{{.State.Pid}}}}}}}}' gw2-staging-{service}-1); kill -{{}} $pid $(pgrep -P $pid)"
    with broken(lab, signal.format("STOP"), signal.format("CONT")):
        ended = operator.run("40_health", "-p", "deadline_s=20")  # next to three other servers
    findings = found(ended)
    assert findings[f"{service} works"]["verdict"] in ("inconclusive", "failed")
    assert ended.code in (1, 4), ended.output
    assert ended.end["verdict"] in ("failed", "inconclusive")
    assert {findings[f"{one} works"]["verdict"] for one in ("nginx", "frontend-blue", "prometheus", "alertmanager")} == {"passed"}
    # what each question took: a process may wait for the processor before and after, on a busy machine
    took = {event["name"]: event["seconds"] for event in ended.events if event["event"] == "fact"}
    assert {name: seconds for name, seconds in took.items() if seconds > 23} == {}
