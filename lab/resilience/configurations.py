"""Every file that the environment mounts, spoilt in one way: the release is refused, and no request fails.

Two faults for each file. A release that spoils it is refused before anything is touched (exit code 3). And the same
fault put on the server's disk after the check-out, as if no validation had seen it, ends as a rollback (5): an undo
never depends on the release's files. The list of files is asked of Compose.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab.instance import CHECKOUT, Instance
from lab.processes import output
from lab.resilience.releases import commit_of, deploy, live_release, stopped_at
from lab.resilience.runner import FinishedRun, start_run
from lab.resilience.suite import Case, Suite
from lab.spoilt import fault_in, make_release
from lab.traffic import background_load
from runbook_lib.core.errors import PASSED, REFUSED, ROLLED_BACK
from runbook_lib.environment import load_environment
from runbook_lib.release.facts.repository import inspect_release
from runbook_lib.release.facts.validation_runs import mounted

BASE, LATER = "v3.2.0", "configuration-only"
LIGHT_LOAD_PER_S = 5.0
TAG = "spoilt"
# A setting that is changed, and the step by which its service follows.
FOLLOWED = (
    ("postgres/postgresql.conf", "vacuum_cost_limit = 300\n", "Reload postgres (no outage)"),
    ("postgres/postgresql.conf", "max_worker_processes = 9\n", "Restart postgres (expected outage: 6 s)"),
    ("redis/redis.conf", "maxmemory-samples 7\n", "Reload redis (no outage)"),
    ("redis/redis.conf", "databases 17\n", "Restart redis (expected outage: 4 s)"),
)
SPOIL_ON_DISK = 'printf %s "$2" | cat - "$1" > "$1.spoilt" && cat "$1.spoilt" > "$1" && rm "$1.spoilt"'


def mounted_files(instance: Instance, tag: str = BASE) -> tuple[str, ...]:
    """Every file of the release that a container reads; what another mount hides is none. By its path, sorted."""
    from runbook_lib.connections import open_connections

    environment = load_environment(instance.address.environment)
    with open_connections(environment, changes_allowed=False) as connections:
        tree = inspect_release(environment, tag).fetch(connections)
    compose = tree.sources.compose
    mounts = [one for service in (compose.services if compose else {}).values() for one in mounted(service)]
    targets = [str(volume["target"]) for service in (compose.services if compose else {}).values()
               for volume in service.get("volumes") or ()]
    listing = output(instance.inside("git", "-C", CHECKOUT, "ls-tree", "-r", "--name-only", commit_of(instance, tag),
                                     user="deploy"))
    found = {path for path in listing.split() for source, target in mounts if path.startswith(f"{source}/")
             and not any(f"{target}{path.removeprefix(source)}".startswith(f"{other}/")
                         for other in targets if other.startswith(f"{target}/"))}
    return tuple(sorted(found))


def run_cases(instance: Instance) -> Iterator[Case]:
    """Two cases for each mounted file."""
    with tempfile.TemporaryDirectory(prefix="lab-configurations-") as folder:
        outputs = Path(folder) / "outputs"
        outputs.mkdir()
        if live_release(instance).commit != commit_of(instance, BASE):
            yield _case(f"{BASE} is live", time.monotonic(), deploy(instance, BASE, outputs), PASSED, [])
        for path in mounted_files(instance):
            yield is_refused(instance, path, outputs)
            yield is_rolled_back(instance, path, outputs)
        for path, setting, step in FOLLOWED:
            yield is_followed(instance, path, setting, step, outputs)
            yield _case(f"{BASE} is live", time.monotonic(), deploy(instance, BASE, outputs), PASSED, [])


def is_refused(instance: Instance, path: str, outputs: Path) -> Case:
    """A release that spoils the file: refused by its name, with no step taken and no request lost."""
    began = time.monotonic()
    make_release(instance, TAG, path, base=BASE)
    with background_load(instance, LIGHT_LOAD_PER_S) as load:
        run = deploy(instance, TAG, outputs)
    problems = [] if not run.has("step_started") else [f"a step was taken: {', '.join(run.states)}"]
    # a line is in the message of nearly every program; the file always is
    problems += [] if path in run.output or path.rsplit("/", 1)[0] in run.output else ["the file is not named"]
    problems += _damage(instance, load.result.failed)
    return _case(f"{path}: a release that spoils it", began, run, REFUSED, problems)


def is_followed(instance: Instance, path: str, setting: str, step: str, outputs: Path) -> Case:
    """A good release that changes one setting of a data service: the service follows by the step that is expected."""
    began = time.monotonic()
    make_release(instance, TAG, path, base=BASE, before=setting)
    with background_load(instance, LIGHT_LOAD_PER_S) as load:
        run = deploy(instance, TAG, outputs)
    titles = [event["title"] for event in run.events if event["event"] == "step_started"]
    problems = [] if step in titles else [f"no step {step!r}"]
    if "no outage" in step and load.result.failed:
        problems.append(f"{load.result.failed} requests failed")
    return _case(f"{path}: {setting.strip()}", began, run, PASSED, problems)


def is_rolled_back(instance: Instance, path: str, outputs: Path) -> Case:
    """A good release whose file is spoilt on the disk when it is checked out: rolled back, with no request lost."""
    began = time.monotonic()
    with background_load(instance, LIGHT_LOAD_PER_S) as load:
        run = start_run(instance.name, instance.address.environment, outputs, "20_deploy", {"ref": LATER},
                        f"resilience test: {path} is spoilt")
        run.until("step_started", "start")
        output(instance.inside("sh", "-c", SPOIL_ON_DISK, "spoil", f"{CHECKOUT}/{path}", fault_in(path), user="deploy"))
        live = output(instance.inside("cat", f"{CHECKOUT}/.runbook/upstreams/active.conf"))
        idle = "green" if "backend-blue" in live else "blue"
        if not path.startswith("nginx/"):  # nothing reads it before the end: the release is made to fail
            run.until("step_started", "gate-internal")
            output(instance.inside("docker", "stop", "--time", "1", f"gw2-staging-backend-{idle}-1"), timeout_s=60)
        finished = run.wait()
    changed = output(instance.inside("git", "-C", CHECKOUT, "status", "--porcelain", "--untracked-files=no",
                                     user="deploy")).strip()
    problems = [f"left on the disk: {changed}"] if changed else []
    problems += _damage(instance, load.result.failed)
    return _case(f"{path}: spoilt on the disk after the check-out", began, finished, ROLLED_BACK, problems)


def _damage(instance: Instance, failed: int) -> list[str]:
    problems = [f"{failed} requests failed"] if failed else []
    if live_release(instance).commit != commit_of(instance, BASE):
        problems.append(f"{BASE} is not live any more")
    # a stopped container keeps the last health it had: only what runs counts
    filters = [word for one in ("status=running", "health=unhealthy", "label=com.docker.compose.project=gw2-staging")
               for word in ("--filter", one)]
    sick = output(instance.inside("docker", "ps", *filters, "--format", "{{.Names}}")).split()
    return problems + ([f"unhealthy: {', '.join(sick)}"] if sick else [])


def _case(name: str, began: float, run: FinishedRun, expected: int, problems: list[str]) -> Case:
    if run.code != expected:
        problems = [f"exit code {run.code} instead of {expected}: {run.tail}", *problems]
    step = stopped_at(run) or "no step"
    measured = "; ".join(problems) or f"exit code {run.code}, stopped at {step}, no request lost"
    return Case(name, not problems, measured, time.monotonic() - began)


SUITE = Suite("configurations", "No spoilt configuration file reaches users or stops an undo", run_cases)
