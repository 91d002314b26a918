"""The states that tests and rehearsals begin with, made by the product's own runbooks from one another."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab import images, snapshots
from lab.applications import registry
from lab.applications.bring_up import bring_up
from lab.errors import REFUSED, USAGE, LabError
from lab.instance import Instance, down, up
from lab.processes import file_lock, root
from lab.release_path import BRING_UP, FIRST, NEXT, Scenario, run_command
from lab.seed import seed
from runbook_lib.core.text import did_you_mean

WATCH_S = 10  # long enough for the checks of a watch to have something to judge
BUILDER = "making"  # with the name of the state, the instance in which it is made
# what decides about a server's state; of the package, what only shows or keeps what a run did does not
MADE_OF = ("lab/app", "lab/releases", "lab/repository.py", "lab/instance.py", "lab/seed.py", "lab/states.py",
           "lab/release_path.py", "staging", "parameters/environments", "notebooks/20_deploy.ipynb",
           "notebooks/30_backup_database.ipynb", "runbook_lib")
# of an application that its owners brought up, before any runbook
BY_HAND = ("lab/applications", "lab/instance.py", "lab/repository.py", "lab/states.py")
NOT_MADE_OF = {"node_modules", "dist", "__pycache__", "report", "jupyter", "cli", "archive", "charts.py"}


@dataclass(frozen=True)
class State:
    """A named state: the one it begins with (a new server where there is none), what is done to that, whose it is."""

    name: str
    parent: str
    work: Callable[[Instance], None]
    application: str = registry.FIRST.name


def _first_release(instance: Instance) -> None:
    _run(instance, BRING_UP)
    seed(instance)


def _next_release(instance: Instance) -> None:
    _run(instance, Scenario(f"{NEXT} after {FIRST}", "20_deploy", {"ref": NEXT}, apply=True))


def _two_backups(instance: Instance) -> None:
    for number in ("first", "second"):
        _run(instance, Scenario(f"{number} backup", "30_backup_database", apply=True))


def _by_hand(instance: Instance) -> None:
    bring_up(instance)


STATES = {state.name: state for state in (
    State("empty", "", lambda instance: None),
    State(FIRST, "", _first_release),  # live, with 60,000 rows
    State("backups", FIRST, _two_backups),  # the same, with two good backups
    State(NEXT, FIRST, _next_release),  # the next release is live, the first one is stopped
    # brought up by their owners, with rows and files, before any runbook
    *(State(one.name, "", _by_hand, one.name) for one in registry.APPLICATIONS.values() if one.start),
)}


def ensure(name: str) -> snapshots.Snapshot:
    """The snapshot of that state, made when there is none of the present sources. Raises LabError."""
    if name not in STATES:
        raise LabError(f"There is no state {name!r}.", next_step=f"choose one of {', '.join(STATES)}", exit_code=USAGE)
    found = find(name)
    if found is not None:
        return found
    with making(name):
        found = find(name)
        if found is None:
            found = _make(STATES[name])
            snapshots.prune([found])
        return found


def making(name: str) -> AbstractContextManager[None]:
    """Held by who makes that state: who needs it too waits for it, and who needs another one is not kept waiting."""
    return file_lock(f"snapshot-{name}")


def find(name: str) -> snapshots.Snapshot | None:
    """The snapshot of that state, of the present sources; None when there is none."""
    return snapshots.find(name, key(STATES[name].application))


def keep(instance: Instance, name: str) -> None:
    """Keep a running server as the state that it was brought to, and start it again."""
    kept = snapshots.save(instance, name, key(instance.application.name))
    snapshots.prune([kept])
    up(instance)
    snapshots.wait_until_healthy(instance, snapshots.notes_of(kept).healthy)


def must_be_known(name: str) -> None:
    """Raises LabError where there is neither a state nor a snapshot of that name."""
    if name not in STATES and snapshots.find(name) is None:
        raise LabError(f"There is no snapshot {name!r}{did_you_mean(name, STATES) or '.'}", exit_code=REFUSED,
                       next_step="python -m lab snapshot list")


def restore(instance: Instance, name: str) -> None:
    """Make the instance anew in that state. A name that is not a state is the newest snapshot saved under it."""
    must_be_known(name)
    found = ensure(name) if name in STATES else snapshots.find(name)
    assert found is not None
    snapshots.restore(instance, found)


@cache
def key(application: str = registry.FIRST.name) -> str:
    """Twelve hex digits over everything that the states of an application are made of."""
    by_hand = registry.by_name(application).start
    own = [images.by_name(name) for name in registry.by_name(application).images.values()]
    made_of = [images.built_reference(image) for image in (*images.IMAGES, *own)]
    digest = hashlib.sha256(repr(made_of).encode())
    for path in _sources(BY_HAND if by_hand else MADE_OF):
        digest.update(f"\0{path.relative_to(root())}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _sources(places: Sequence[str]) -> Iterator[Path]:
    for place in places:
        whole = root() / place
        found = sorted(whole.rglob("*")) if whole.is_dir() else [whole]
        yield from (path for path in found if path.is_file() and not NOT_MADE_OF & set(path.relative_to(root()).parts))


def _make(state: State) -> snapshots.Snapshot:
    """What is done to the state that it begins with, on a server that is gone afterwards."""
    instance = Instance(f"{BUILDER}-{state.name.replace('.', '-')}", state.application)
    parent = ensure(state.parent) if state.parent else None
    try:
        if parent is None:
            down(instance)
            up(instance)
        else:
            snapshots.restore(instance, parent)
        state.work(instance)
        return snapshots.save(instance, state.name, key(state.application))
    finally:
        down(instance)


def _run(instance: Instance, scenario: Scenario) -> None:
    # these runs do not belong into the archive of real runs
    with tempfile.TemporaryDirectory(prefix="gw2-states-") as outputs:
        command = run_command(instance, scenario.watched_for(WATCH_S))
        done = subprocess.run(command, cwd=root(), text=True, capture_output=True,
                              env={**os.environ, "RUNBOOK_OUTPUTS": outputs})
    if done.returncode not in scenario.exit_codes:
        raise LabError(f"{scenario.title} ended with {done.returncode}.\n{done.stdout[-4000:]}{done.stderr[-2000:]}",
                       exit_code=done.returncode)
