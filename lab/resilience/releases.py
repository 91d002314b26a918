"""Every release of the catalogue, deployed where its base is live, ends as the catalogue says.

Beside each deployment a light load asks from outside. A release that is stopped before the switch must not cost one
request; one that is found out afterwards may, until traffic is back on the old colour, and not a second longer.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab.errors import LabError
from lab.instance import CHECKOUT, ORIGIN, Instance
from lab.processes import output
from lab.repository import Release, releases
from lab.resilience.runner import FinishedRun, start_run
from lab.resilience.suite import Case, Suite
from lab.traffic import LoadResult, background_load

LIGHT_LOAD_PER_S = 10.0
AFTERMATH_S = 5.0
SETTLED_S = 2.0  # a request that was under way at the flip may end this much later
HEADER = "cross-origin-opener-policy: same-origin"


@dataclass(frozen=True)
class LiveRelease:
    """What answers through nginx: the commit and the schema that /health names."""

    commit: str
    schema_revision: str


def prove(instance: Instance) -> Iterator[Case]:
    """A case a release, then the two ends of a migration that was accepted as one that breaks the old code."""
    with tempfile.TemporaryDirectory(prefix="lab-releases-") as folder:
        outputs = Path(folder) / "outputs"
        outputs.mkdir()
        for release in releases():
            base = _bring_to(instance, release.base, outputs)
            yield base if not base.passed else deploys_as_expected(instance, release, outputs)
        yield from _accepted(instance, outputs)


def deploys_as_expected(instance: Instance, release: Release, outputs: Path, *, rate: float = LIGHT_LOAD_PER_S) -> Case:
    """Deploy a release of the catalogue under a light load, and hold the end against its entry."""
    began = time.monotonic()
    with background_load(instance, rate) as load:
        ended = deploy(instance, release.tag, outputs)
        load.wait_until_settled(load.seconds + int(AFTERMATH_S), 60)
    faults = [*_faults_of_end(instance, release, ended), *_faults_of_service(ended, load.result)]
    if release.tag == "configuration-only" and HEADER not in _page_headers(instance):
        faults.append("the new header is not served")
    requests = f"{load.result.failed} of {load.result.sent} requests failed"
    summary = f"exit {ended.code}, stopped at {stopped_at(ended) or 'nothing'}, {requests}"
    return Case(release.tag, not faults, "; ".join(faults) or summary, time.monotonic() - began)


def deploy(instance: Instance, tag: str, outputs: Path, **parameters: str) -> FinishedRun:
    """20 Deploy of a tag, as an operator types it, to its end."""
    return start_run(instance.name, instance.address.environment, outputs, "20_deploy", {"ref": tag, **parameters},
                     f"proof: {tag}").wait()


def serving(instance: Instance) -> LiveRelease:
    """What users get now. Raises LabError when nobody answers."""
    import json

    said = output(instance.inside("curl", "-sk", "--max-time", "10", "https://127.0.0.1/health"), timeout_s=30)
    try:
        told = json.loads(said)
        return LiveRelease(str(told["commit"]), str(told["schema_revision"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"/health does not tell what serves: {said[:200]!r}") from error


def commit_of(instance: Instance, tag: str) -> str:
    """The commit that a tag names in the instance's origin."""
    return output(instance.inside("git", "-C", ORIGIN, "rev-parse", f"{tag}^{{commit}}", user="deploy")).strip()


def stopped_at(ended: FinishedRun) -> str:
    """The key of the step that did not pass; empty when all did."""
    return next((event["key"] for event in ended.events
                 if event["event"] == "step_finished" and event["state"] not in ("passed", "not run", "skipped")), "")


def _faults_of_end(instance: Instance, release: Release, ended: FinishedRun) -> list[str]:
    told, now = release.leads_to, serving(instance)
    faults = []
    if ended.code != told.exit_code:
        faults.append(f"exit code {ended.code} instead of {told.exit_code}: {ended.output.strip()[-300:]}")
    step = stopped_at(ended)
    if step not in (told.stopped_at or ("",)):
        faults.append(f"stopped at {step or 'nothing'} instead of {' or '.join(told.stopped_at) or 'nothing'}")
    fired = [event["trigger"] for event in ended.events if event["event"] == "trigger"]
    if told.triggers and not set(told.triggers) & set(fired):
        faults.append(f"trigger {', '.join(fired) or 'none'} instead of {' or '.join(told.triggers)}")
    if now.commit != commit_of(instance, told.live):
        faults.append(f"{now.commit[:12]} serves instead of {told.live}")
    if now.schema_revision != told.schema_revision:
        faults.append(f"the schema is at {now.schema_revision} instead of {told.schema_revision}")
    return faults


def _faults_of_service(ended: FinishedRun, result: LoadResult) -> list[str]:
    """Requests that failed outside the stretch in which the release that was found out had the traffic."""
    exposed = _exposed(ended.events)
    failed = [(result.began_at + second, count) for second, count in enumerate(result.failed_by_second) if count]
    inside = exposed or (float("inf"), float("-inf"))
    outside = sum(count for at, count in failed if not inside[0] - SETTLED_S <= at <= inside[1] + SETTLED_S)
    if not outside:
        return []
    return [f"{outside} of {result.sent} requests failed while a good release should have served: {result.reasons}"]


def _exposed(events: list[dict]) -> tuple[float, float] | None:  # type: ignore[type-arg]
    """Unix times from the switch to the end of its undo; None when traffic was never taken back."""
    begin = [event for event in events if event["event"] == "step_started" and event["key"] == "switch"]
    end = [event for event in events if event["event"] == "undo_finished" and event["key"] == "switch"]
    if not begin or not end:
        return None
    return _unix(begin[0]["at"]), _unix(end[0]["at"])


def _unix(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _bring_to(instance: Instance, tag: str, outputs: Path) -> Case:
    """The base of a release, live; deploying it again does nothing where it is."""
    began = time.monotonic()
    wanted = commit_of(instance, tag)
    if serving(instance).commit == wanted:
        return Case(f"{tag} is live", True, "it was already", time.monotonic() - began)
    ended = deploy(instance, tag, outputs)
    held = ended.code == 0 and serving(instance).commit == wanted
    measured = f"exit {ended.code}" + ("" if held else f": {ended.output[-300:]}")
    return Case(f"{tag} is live", held, measured, time.monotonic() - began)


def _accepted(instance: Instance, outputs: Path) -> Iterator[Case]:
    """A breaking migration that was accepted: a later failure undoes nothing; running again goes forward."""
    base, breaking = "v3.2.0", "broken-migration-old-code"
    yield _bring_to(instance, base, outputs)
    began = time.monotonic()
    ended = _deploy_and_stop_new_colour(instance, breaking, outputs)
    faults = [] if ended.code == 1 else [f"exit code {ended.code} instead of 1: {ended.output[-300:]}"]
    faults += [f"undone: {', '.join(ended.undone)}"] if ended.undone else []
    faults += [] if schema(instance) == "0004" else [f"the schema is at {schema(instance)} instead of 0004"]
    faults += [] if "22 Rollback" in ended.output else ["the choices are not told"]
    yield Case("an accepted breaking migration, and a failure after it: nothing is undone", not faults,
               "; ".join(faults) or "exit 1, new schema kept, choices told", time.monotonic() - began)
    began = time.monotonic()
    again = deploy(instance, breaking, outputs, breaking_migration="accept")
    now = serving(instance)
    held = again.code == 0 and now == LiveRelease(commit_of(instance, breaking), "0004")
    yield Case("running it again goes forward", held, f"exit {again.code}, schema {now.schema_revision}",
               time.monotonic() - began)
    yield _back_from(instance, base, outputs)


def _deploy_and_stop_new_colour(instance: Instance, tag: str, outputs: Path) -> FinishedRun:
    """Deploy with an accepted migration, and stop the new backend as soon as it was started."""
    live = output(instance.inside("cat", f"{CHECKOUT}/.runbook/upstreams/active.conf"))
    idle = "green" if "backend-blue" in live else "blue"
    running = start_run(instance.name, instance.address.environment, outputs, "20_deploy",
                        {"ref": tag, "breaking_migration": "accept"}, f"proof: {tag} fails late")
    running.until("step_started", "gate-internal")
    output(instance.inside("docker", "stop", "--time", "1", f"gw2-staging-backend-{idle}-1"), timeout_s=60)
    return running.wait()


def schema(instance: Instance) -> str:
    """The schema revision that the database itself holds."""
    sql = "SELECT version_num FROM alembic_version"
    return output(instance.inside("docker", "exec", "gw2-staging-postgres-1", "psql", "-U", "staging_user", "-d",
                                  "staging_db", "-At", "-c", sql)).strip()


def _back_from(instance: Instance, base: str, outputs: Path) -> Case:
    """The manual way back from the new schema: the rollback notebook, asked to reverse the migration."""
    began = time.monotonic()
    ended = start_run(instance.name, instance.address.environment, outputs, "22_rollback",
                      {"to": base, "database": "downgrade"}, "proof: back to the old schema").wait()
    now = serving(instance)
    held = ended.code == 0 and now == LiveRelease(commit_of(instance, base), "0003")
    return Case("22 Rollback with database = \"downgrade\" leads back", held,
                f"exit {ended.code}, schema {now.schema_revision}" + ("" if held else f": {ended.output[-300:]}"),
                time.monotonic() - began)


def _page_headers(instance: Instance) -> str:
    return output(instance.inside("curl", "-skI", "--max-time", "10", "https://127.0.0.1/"), timeout_s=30).lower()


SUITE = Suite("releases", "Every release of the catalogue ends as the catalogue says", prove)
