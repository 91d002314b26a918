"""Start, switch, record, stop: their order, and what an undo leads back to."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import parse_releases
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.platform.plans.rollout import Choices, Rollout
from runbook_lib.release.plans import cutover_steps as steps

ENVIRONMENT = load_environment("staging")
NOTHING = Deployed(None, None, None, None, None, frozenset(), ())
LIVE = Deployed("blue", "a" * 40, "OLD=1\n", upstreams_file(ENVIRONMENT, "blue"), None, frozenset(), ())
ROLLOUT = Rollout(ENVIRONMENT, LIVE, Target("b" * 40, "v3.2.0", {}, "0003"), Choices("ada", "planned"))


def test_the_new_colour_is_drained_before_it_is_removed_again() -> None:
    made = steps.start_idle_colour(ROLLOUT)
    assert "--force-recreate backend-green frontend-green" in str(made.actions[0])
    drain, remove = made.undo
    assert "shutting down" in str(drain)
    assert isinstance(remove, Command) and remove.argv[-3:] == ("remove", "backend-green", "frontend-green")
    assert remove.accepts == (0,), "an engine that does not answer is not the same as an absent container"


def test_nginx_checks_its_configuration_before_it_is_reloaded() -> None:
    actions = [str(one) for one in steps.switch(ROLLOUT).actions]
    test = next(place for place, one in enumerate(actions) if "nginx_as_started -t -q" in one)
    reload = next(place for place, one in enumerate(actions) if "nginx_as_started -s reload" in one)
    assert test < reload < len(actions) - 1, "`.env` names the new colour only once it has the traffic"


def test_switching_back_writes_the_previous_upstreams_and_reloads() -> None:
    write, reload, follow = steps.switch(ROLLOUT).undo
    assert isinstance(write, WriteFile) and write.content == upstreams_file(ENVIRONMENT, "blue")
    assert "nginx_as_started -s reload" in str(reload)
    assert str(follow).endswith("120 nginx"), "a container that the release made anew is made as it was"


@pytest.mark.parametrize(("renewed", "flag", "title"), [
    (None, [], "Switch traffic to green"), (frozenset(), ["--no-recreate"], "Switch traffic to green"),
    (frozenset({"redis"}), ["--no-recreate"], "Switch traffic to green"),
    (frozenset({"nginx"}), ["--timeout"], "Switch traffic to green, with a new nginx (expected outage: 10 s)"),
], ids=["not asked", "nothing", "another service", "nginx"])
def test_a_proxy_gets_a_new_container_only_where_the_plan_shows_the_outage(
    renewed: frozenset[str] | None, flag: list[str], title: str,
) -> None:
    step = steps.switch(replace(ROLLOUT, renewed=renewed))
    ups = [one.argv for one in (*step.actions, *step.undo) if isinstance(one, Command) and one.argv[-1] == "nginx" and "up" in one.argv]
    assert [[word for word in up if word.endswith("recreate") or word == "--timeout"] for up in ups] == [flag, flag]
    assert step.title == title and bool(step.expected_alerts) == ("outage" in title)


def test_a_proxy_that_needs_a_secret_is_left_to_compose_which_knows_the_new_one() -> None:
    secrets = dict(ENVIRONMENT.secrets)
    name, secret = next((name, one) for name, one in secrets.items() if one.side == "server")
    environment = ENVIRONMENT.model_copy(update={"secrets": {**secrets, name: secret.model_copy(update={"needed_by": ("nginx",)})}})
    step = steps.switch(replace(ROLLOUT, environment=environment, renewed=frozenset()))
    up = next(one for one in step.actions if isinstance(one, Command) and "up" in one.argv)
    assert [word for word in up.argv if "recreate" in word or word == "--timeout"] == ["--timeout"]
    # whether it differs from the one that is there is no part of any answer: the plan says what it may cost
    assert step.title == "Switch traffic to green, with a new nginx, where its secret has changed (expected outage: 10 s)"
    assert step.expected_alerts


def test_the_first_switch_is_undone_by_removing_nginx_and_its_file() -> None:
    remove, file = steps.switch(replace(ROLLOUT, deployed=NOTHING)).undo
    assert isinstance(remove, Command) and remove.argv[-2:] == ("remove", "nginx")
    assert str(file).startswith("rm -f")


def test_the_record_has_operator_and_reason_and_the_code_that_was_tested() -> None:
    append = steps.commit_release(ROLLOUT, compatible_with="a" * 40).actions[0]
    assert isinstance(append, Command)
    record, who = json.loads(append.argv[-1]), json.loads(str(append.stdin))
    assert (who["by"], who["reason"], record["colour"]) == ("ada", "planned", "green")
    assert "a" * 40 in record.values()
    untested = steps.commit_release(ROLLOUT).actions[0]
    assert isinstance(untested, Command) and "a" * 40 not in untested.argv[-1]


@pytest.mark.parametrize("reason", ["planned", 'a "quoted" one\nin two lines', "\\ $(id) `id` %s 'x'", "größer", ""])
def test_the_line_of_the_record_is_whole_whatever_the_reason(tmp_path: Path, reason: str) -> None:
    (tmp_path / "lock.json").write_text('{"run_id": "20261127T000000Z-abc", "owner": "ada"}')
    choices = replace(ROLLOUT.choices, reason=reason)
    append = steps.commit_release(replace(ROLLOUT, choices=choices)).actions[0]
    assert isinstance(append, Command)
    argv = (*append.argv[:4], str(tmp_path / "releases.jsonl"), str(tmp_path / "lock.json"), *append.argv[6:])
    subprocess.run(argv, input=str(append.stdin), text=True, check=True)
    release, = parse_releases((tmp_path / "releases.jsonl").read_text())
    assert (release.by, release.reason, release.colour, release.run_id) == ("ada", reason, "green", "20261127T000000Z-abc")


DOCKER = """#!/bin/sh
[ -z "$FAILS" ] || exit 1
case "$*" in
*project={project}*oneoff=False*) echo one; echo two; echo three ;;
"inspect --format {{{{.Created}}}} one two three") date -u -d -9days +%FT%T.5Z; date -u -d +2seconds +%FT%T.123456789Z; date -u -d +60seconds +%FT%T.1Z ;;
*) exit 9 ;;
esac
"""


@pytest.mark.parametrize(("born", "fails", "known"), [(True, "", True), (False, "", False), (True, "1", False)])
def test_the_record_has_the_first_container_that_was_made_under_its_lock(tmp_path: Path, born: bool, fails: str, known: bool) -> None:
    """A release is recorded minutes after its start, and its first lines in a log counted as those of the release before."""
    now = datetime.now(UTC)
    # this process holds the lock; what was made nine days ago is not of this release
    ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    (tmp_path / "lock.json").write_text(f'{{"run_id": "r", "pid": 1, {f""""born": {ticks}, """ if born else ""}"fence": 3}}')
    (docker := tmp_path / "docker").write_text(DOCKER.format(project=ROLLOUT.environment.project))
    docker.chmod(0o755)
    append = steps.commit_release(ROLLOUT).actions[0]
    assert isinstance(append, Command)
    argv = (*append.argv[:4], str(tmp_path / "releases.jsonl"), str(tmp_path / "lock.json"), *append.argv[6:])
    subprocess.run(argv, input=str(append.stdin), text=True, check=True, timeout=60,
                   env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "FAILS": fails})
    release, = parse_releases((tmp_path / "releases.jsonl").read_text())
    assert release.at >= now.replace(microsecond=0)
    assert (release.started is not None) == known
    if release.started is not None:
        assert timedelta(0) <= release.started - now.replace(microsecond=0) < timedelta(seconds=60)


def test_who_deploys_and_why_is_no_part_of_what_would_be_done() -> None:
    other = replace(ROLLOUT, choices=replace(ROLLOUT.choices, operator="ben", reason="approved by ada"))
    assert steps.commit_release(other).describe() == steps.commit_release(ROLLOUT).describe()


def test_a_stopped_colour_is_kept_and_has_nothing_to_undo() -> None:
    made = steps.stop_idle_colour(ENVIRONMENT, "blue")
    assert made.title == "Stop blue (kept for rollback)"
    assert made.undo == ()
    assert "rm" not in str(made.actions[1]).split()
