"""Every release of the catalogue, deployed where its base is live, ends as the catalogue expects.

A light load runs during each deployment. A release stopped before the switch must not cost one request; one that is
rolled back afterwards may, until traffic is back on the previous colour, and not a second longer.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.instance import CHECKOUT, ORIGIN, Instance
from lab.processes import output
from lab.repository import Release, releases
from lab.resilience.runner import FinishedRun, start_run
from lab.resilience.suite import Case, Suite
from lab.traffic import LoadResult, background_load

LIGHT_LOAD_PER_S = 10.0
AFTERMATH_S = 5.0
SETTLED_S = 2.0  # a request in progress at the switch may end this much later
HEADER = "cross-origin-opener-policy: same-origin"


@dataclass(frozen=True)
class LiveRelease:
    """What answers through nginx: the commit and the schema revision that /health reports."""

    commit: str
    schema_revision: str


def run_cases(instance: Instance) -> Iterator[Case]:
    """A case for each release, then both outcomes of an accepted breaking migration."""
    with tempfile.TemporaryDirectory(prefix="lab-releases-") as folder:
        outputs = Path(folder) / "outputs"
        outputs.mkdir()
        for release in releases():
            base = _make_live(instance, release.base, outputs)
            yield base if not base.passed else deploys_as_expected(instance, release, outputs)
        yield from _accepted_migration(instance, outputs)


def deploys_as_expected(instance: Instance, release: Release, outputs: Path, *, rate: float = LIGHT_LOAD_PER_S) -> Case:
    """Deploy a release of the catalogue under a light load, and compare the outcome with its entry."""
    began = time.monotonic()
    with background_load(instance, rate) as load:
        run = deploy(instance, release.tag, outputs)
        load.wait_until_settled(load.seconds + int(AFTERMATH_S), 60)
    problems = [*_unexpected_outcome(instance, release, run), *_unexpected_failures(run, load.result)]
    if release.tag == "configuration-only" and HEADER not in _page_headers(instance):
        problems.append("the new header is missing")
    requests = f"{load.result.failed} of {load.result.sent} requests failed"
    summary = f"exit code {run.code}, stopped at {stopped_at(run) or 'no step'}, {requests}"
    return Case(release.tag, not problems, "; ".join(problems) or summary, time.monotonic() - began)


def deploy(instance: Instance, tag: str, outputs: Path, **parameters: str) -> FinishedRun:
    """20 Deploy of a tag, as an operator runs it, to its end."""
    return start_run(instance.name, instance.address.environment, outputs, "20_deploy", {"ref": tag, **parameters},
                     f"resilience test: {tag}").wait()


def live_release(instance: Instance) -> LiveRelease:
    """What users get now. Raises LabError when nothing answers."""
    reply = output(instance.inside("curl", "-sk", "--max-time", "10", "https://127.0.0.1/health"), timeout_s=30)
    try:
        health = json.loads(reply)
        return LiveRelease(str(health["commit"]), str(health["schema_revision"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"/health does not report the live release: {reply[:200]!r}") from error


def commit_of(instance: Instance, tag: str) -> str:
    """The commit of a tag in the instance's origin."""
    return output(instance.inside("git", "-C", ORIGIN, "rev-parse", f"{tag}^{{commit}}", user="deploy")).strip()


def stopped_at(run: FinishedRun) -> str:
    """The key of the first step that did not pass; empty when all did."""
    return next((event["key"] for event in run.events
                 if event["event"] == "step_finished" and event["state"] not in ("passed", "not run", "skipped")), "")


def schema_revision(instance: Instance) -> str:
    """The schema revision recorded in the database itself."""
    sql = "SELECT version_num FROM alembic_version"
    return output(instance.inside("docker", "exec", "gw2-staging-postgres-1", "psql", "-U", "staging_user", "-d",
                                  "staging_db", "-At", "-c", sql)).strip()


def _unexpected_outcome(instance: Instance, release: Release, run: FinishedRun) -> list[str]:
    expected, now = release.expect, live_release(instance)
    problems = []
    if run.code != expected.exit_code:
        problems.append(f"exit code {run.code} instead of {expected.exit_code}: {run.tail}")
    step = stopped_at(run)
    if step not in (expected.stopped_at or ("",)):
        problems.append(f"stopped at {step or 'no step'} instead of {' or '.join(expected.stopped_at) or 'none'}")
    fired = [event["trigger"] for event in run.events if event["event"] == "trigger"]
    if expected.triggers and not set(expected.triggers) & set(fired):
        problems.append(f"trigger {', '.join(fired) or 'none'} instead of {' or '.join(expected.triggers)}")
    if now.commit != commit_of(instance, expected.live):
        problems.append(f"{now.commit[:12]} is live instead of {expected.live}")
    if now.schema_revision != expected.schema_revision:
        problems.append(f"the schema is at {now.schema_revision} instead of {expected.schema_revision}")
    return problems


def _unexpected_failures(run: FinishedRun, result: LoadResult) -> list[str]:
    """Requests that failed outside the time in which a release that was rolled back received traffic."""
    exposed = _exposed(run.events) or (float("inf"), float("-inf"))
    failed = [(result.began_at + second, count) for second, count in enumerate(result.failed_by_second) if count]
    outside = sum(count for at, count in failed if not exposed[0] - SETTLED_S <= at <= exposed[1] + SETTLED_S)
    if not outside:
        return []
    when = ", ".join(dict.fromkeys(_in_progress(run.events, at) for at, _ in failed))
    return [f"{outside} of {result.sent} requests failed while a good release was live: {result.reasons}, "
            f"during {when}"]


def _in_progress(events: list[dict[str, Any]], at: float) -> str:
    """What the run was doing then: the last step or undo that had begun."""
    begun = [event for event in events
             if event["event"] in ("step_started", "undo_started") and _unix(event["at"]) <= at]
    return f"{begun[-1]['event'].removesuffix('_started')} {begun[-1]['key']}" if begun else "no step"


def _exposed(events: list[dict[str, Any]]) -> tuple[float, float] | None:
    """Unix times from the switch to the end of its undo; None when the switch was not undone."""
    begin = [event for event in events if event["event"] == "step_started" and event["key"] == "switch"]
    end = [event for event in events if event["event"] == "undo_finished" and event["key"] == "switch"]
    if not begin or not end:
        return None
    return _unix(begin[0]["at"]), _unix(end[0]["at"])


def _unix(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _make_live(instance: Instance, tag: str, outputs: Path) -> Case:
    """Deploy the base of a release, unless it is live already."""
    began = time.monotonic()
    wanted = commit_of(instance, tag)
    if live_release(instance).commit == wanted:
        return Case(f"{tag} is live", True, "it was already", time.monotonic() - began)
    run = deploy(instance, tag, outputs)
    passed = run.code == 0 and live_release(instance).commit == wanted
    measured = f"exit code {run.code}" + ("" if passed else f": {run.tail}")
    return Case(f"{tag} is live", passed, measured, time.monotonic() - began)


def _accepted_migration(instance: Instance, outputs: Path) -> Iterator[Case]:
    """An accepted breaking migration: a later failure undoes nothing; running again goes forward."""
    base, breaking = "v3.2.0", "broken-migration-incompatible"
    yield _make_live(instance, base, outputs)
    began = time.monotonic()
    run = _deploy_and_stop_new_colour(instance, breaking, outputs)
    problems = [] if run.code == 1 else [f"exit code {run.code} instead of 1: {run.tail}"]
    problems += [f"undone: {', '.join(run.undone)}"] if run.undone else []
    revision = schema_revision(instance)
    problems += [] if revision == "0004" else [f"the schema is at {revision} instead of 0004"]
    problems += [] if "22 Rollback" in run.output else ["the choices are not shown"]
    yield Case("an accepted breaking migration, then a failure: nothing is undone", not problems,
               "; ".join(problems) or "exit code 1, new schema kept, choices shown", time.monotonic() - began)
    began = time.monotonic()
    again = deploy(instance, breaking, outputs, breaking_migration="accept")
    now = live_release(instance)
    passed = again.code == 0 and now == LiveRelease(commit_of(instance, breaking), "0004")
    yield Case("running it again goes forward", passed, f"exit code {again.code}, schema {now.schema_revision}",
               time.monotonic() - began)
    yield _downgrade(instance, base, outputs)


def _deploy_and_stop_new_colour(instance: Instance, tag: str, outputs: Path) -> FinishedRun:
    """Deploy with an accepted migration, and stop the new backend as soon as it has started."""
    live = output(instance.inside("cat", f"{CHECKOUT}/.runbook/upstreams/active.conf"))
    idle = "green" if "backend-blue" in live else "blue"
    run = start_run(instance.name, instance.address.environment, outputs, "20_deploy",
                    {"ref": tag, "breaking_migration": "accept"}, f"resilience test: {tag} fails late")
    run.until("step_started", "gate-internal")
    output(instance.inside("docker", "stop", "--time", "1", f"gw2-staging-backend-{idle}-1"), timeout_s=60)
    return run.wait()


def _downgrade(instance: Instance, base: str, outputs: Path) -> Case:
    """Return from the new schema: the rollback notebook reverses the migration."""
    began = time.monotonic()
    run = start_run(instance.name, instance.address.environment, outputs, "22_rollback",
                    {"to": base, "database": "downgrade"}, "resilience test: downgrade the schema").wait()
    now = live_release(instance)
    passed = run.code == 0 and now == LiveRelease(commit_of(instance, base), "0003")
    measured = f"exit code {run.code}, schema {now.schema_revision}" + ("" if passed else f": {run.tail}")
    return Case('22 Rollback with database = "downgrade" restores the previous release', passed, measured,
                time.monotonic() - began)


def _page_headers(instance: Instance) -> str:
    return output(instance.inside("curl", "-skI", "--max-time", "10", "https://127.0.0.1/"), timeout_s=30).lower()


SUITE = Suite("releases", "Every release of the catalogue ends as the catalogue expects", run_cases)
