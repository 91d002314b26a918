"""Notebooks that only read, and plans of those that change: each is run once on a server with a live release, and checked here.

A new notebook is a line in RUNS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.faults.operators import FinishedRun, Operator, wait_for
from tests.lab_server import NEXT_RELEASE, ROOT, Lab

# the notebook, its parameters, the exit code, and how it ends: a plan that is only shown is "not applied"
RUNS = {
    "00_start_here": ((), 0, "warning"),  # no backup is scheduled here
    "10_preflight": (("-p", f"ref={NEXT_RELEASE}"), 0, "warning"),  # the checklist is not attested
    "20_deploy": (("-p", f"ref={NEXT_RELEASE}"), 0, "not applied"),
    "21_verify": (("-p", "watch_s=5"), 0, "passed"),
    "22_rollback": ((), 3, "failed"),  # nothing but the first release was ever live here
    "30_backup_database": ((), 0, "not applied"),
    "31_restore_drill": ((), 0, "not applied"),
    "32_restore_database": ((), 0, "not applied"),
    "33_backup_configuration": ((), 0, "not applied"),
    "34_install_schedules": ((), 0, "not applied"),
    "40_health": (("-p", "deadline_s=60"), 0, "passed"),
    # of a time before any data, so that nothing depends on how busy this machine was; test_metrics_review.py has the rest
    "41_metrics_review": (("-p", "until=2020-01-01T00:00", "-p", "deadline_s=60"), 4, "inconclusive"),
    # a busy machine makes others of its conditions true; the drill itself is in tests/lab/alerts
    "42_alert_drill": (("-p", "conditions=[ServiceUnhealthy]"), 0, "not applied"),
    # no line is as old, whatever this server has logged: test_log_review.py has logs of its own
    "43_log_review": (("-p", "until=2020-01-01 00:00"), 4, "inconclusive"),
    "44_notify": ((), 0, "not applied"),
    "60_load_test": ((), 0, "not applied"),
    # before any data, so that nothing depends on how full and busy this machine is; test_capacity_review.py has the rest
    "61_capacity_review": (("-p", "until=2020-01-01", "-p", "deadline_s=60"), 4, "inconclusive"),
    "62_tuning_review": (("-p", "deadline_s=120"), 0, "warning"),  # a foreign key of the application has no index
}


# a server that is restored from its snapshot starts all containers at once: what health checks met before the database
# was ready is not the release's error. Written into the same file, which the backend keeps open
WITHOUT_ITS_START = """log=/var/log/gw2/backend.log
kept=$(grep -v 'GET /health 503' "$log"); printf '%s\\n' "$kept" >"$log" """


# They come back with other addresses as well: a Prometheus that stopped with them counts a backend of the last five minutes
# as one more. Something is the answer once there is one, and the rule has seen that.
ONE_BACKEND = """(gw2:pool_connections:count{state="limit"} == on (state) sum by (state) (gw2_db_pool_connections{state="limit"}))
    and on () (count(gw2_db_pool_connections{state="limit"}) == 1)"""
LOOKBACK_S = 360


def one_backend_is_known(lab: Lab) -> bool:
    reply = lab.on_server("curl", "-sG", "http://127.0.0.1:9090/api/v1/query", "--data-urlencode", f"query={ONE_BACKEND}")
    return bool(json.loads(reply)["data"]["result"])


@dataclass(frozen=True)
class Looked:
    """All the runs, and what differs on the server since before the first of them."""

    runs: Mapping[str, FinishedRun]
    changes: list[str]


@pytest.fixture(scope="module")
def looked(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    operator = Operator(lab, tmp_path_factory.mktemp("runs"))
    lab.on_server("bash", "-c", WITHOUT_ITS_START)
    before = lab.state()
    runs = {}
    for name, (words, _, _) in RUNS.items():
        if name == "62_tuning_review":
            wait_for(lambda: one_backend_is_known(lab), "one backend alone in Prometheus", LOOKBACK_S)
        runs[name] = operator.run(name, *words)
    return Looked(runs, sorted(set(before) ^ set(lab.state())))


def test_every_notebook_is_run() -> None:
    assert sorted(RUNS) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_the_server_is_byte_for_byte_as_it_was(looked: Looked) -> None:
    assert looked.changes == []


@pytest.mark.parametrize("name", RUNS)
def test_a_run_ends_as_it_should_and_touches_neither_lock_nor_server(looked: Looked, name: str) -> None:
    ended, (_, code, verdict) = looked.runs[name], RUNS[name]
    assert (ended.code, ended.end["verdict"]) == (code, verdict), ended.output
    assert ended.states == {}
    assert not ended.has("lock_taken")
    assert not ended.has("step_started")


def test_plain_papermill_in_plan_mode_changes_nothing_either(operator: Operator, lab: Lab) -> None:
    before = lab.state()
    ended = operator.papermill("20_deploy", "-r", "ref", lab.other_release())
    assert (ended.code, ended.end["verdict"]) == (0, "not applied"), ended.output
    assert sorted(set(before) ^ set(lab.state())) == []
