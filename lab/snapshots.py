"""Named states of a server, kept in this machine's engine: an image for the server's files, a volume for its engine's.

A snapshot is found by its name and a hash of what it was made of (`lab/states.py`), so that a change of any of it makes
a new one. It carries the server's secrets, which its database knows; keys, certificate and ports are each server's own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from lab import images, volumes
from lab.applications.registry import FIRST
from lab.engine import docker
from lab.errors import REFUSED, USAGE, LabError
from lab.instance import Instance, down, start_new
from lab.processes import log_file, output, pipe, run, succeeds
from lab.progress import Progress

MARK = f"{images.LABEL}.snapshot"
MADE = f"{images.LABEL}.made"
REPOSITORY = "gw2-lab/snapshot"
# backups in it count as fresh for a day; a server restored from an older one would not be what its name says
KEEP_S = 20 * 3600.0
KEEP_EACH = 2
HEALTHY = ("docker", "ps", "--filter", "health=healthy", "--format", "{{.Names}}")
SETTLED_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Snapshot:
    """A state by name, the hash of what it was made of, and when (seconds since the epoch)."""

    name: str
    key: str
    made: float = 0.0

    @property
    def volume(self) -> str:
        return f"gw2-lab-snapshot-{self.name}-{self.key}"

    @property
    def image(self) -> str:
        return f"{REPOSITORY}:{self.name}-{self.key}"

    @property
    def age_s(self) -> float:
        return time.time() - self.made


@dataclass(frozen=True)
class Notes:
    """What is stored with a state: the server's secrets as lines of a file, its healthy containers, its application."""

    secrets: str
    healthy: list[str]
    application: str = FIRST.name


def stored() -> list[Snapshot]:
    """Every snapshot of this engine, newest first; also those that were not finished."""
    shown = output((docker(), "volume", "ls", "--filter", f"label={MARK}", "--format",
                    f'{{{{.Label "{MARK}"}}}} {{{{.Label "{MADE}"}}}}'))
    rows = [line.replace("@", " ").split() for line in shown.splitlines()]
    return sorted((Snapshot(name, key, float(made)) for name, key, made in rows), key=lambda one: -one.made)


def find(name: str, key: str = "") -> Snapshot | None:
    """The newest usable snapshot of that name (and key); None when there is none."""
    for one in stored():
        if one.name == name and key in ("", one.key) and one.age_s < KEEP_S and _is_whole(one):
            return one
    return None


def save(instance: Instance, name: str, key: str) -> Snapshot:
    """Stop the server, keep its state under `name`, leave it stopped. What was kept under the same key goes."""
    if not instance.finished.exists():
        raise LabError(f"{instance.name} is not up.", exit_code=REFUSED,
                       next_step=f"python -m lab up --name {instance.name}")
    if not name.replace("-", "").replace(".", "").isalnum() or not name[0].isalnum() or name != name.lower():
        raise LabError(f"{name!r} cannot name a snapshot.", exit_code=USAGE,
                       next_step="use lower-case letters, digits, dots and dashes, a letter or digit first")
    one = Snapshot(name, key, round(time.time(), 1))
    log = log_file(f"snapshot-{name}")
    log.unlink(missing_ok=True)
    labels = {images.LABEL: "1", MARK: f"{name}@{key}", MADE: f"{one.made}"}
    notes = Notes((instance.address.folder / "secrets.env").read_text(), output(instance.inside(*HEALTHY)).split(),
                  instance.application.name)
    with Progress(f"snapshot {name}", total=2) as progress:
        with progress.step("the server stops"):
            run((docker(), "stop", instance.container), log)
        with progress.step("its state is kept"):
            remove(one)
            volumes.create(one.volume, labels, log)
            run((docker(), "commit", instance.container, one.image), log)
            volumes.copy(instance.container, one.volume, log, live=True)
            volumes.write_notes(one.volume, json.dumps(asdict(notes)))
            volumes.complete(one.volume)
    return one


def restore(instance: Instance, one: Snapshot) -> None:
    """Make the instance anew from a snapshot, with keys, certificate and ports of its own, and wait until it serves.

    Raises LabError when it does not come up.
    """
    down(instance)
    log = log_file(f"up-{instance.name}")
    log.unlink(missing_ok=True)
    try:
        with Progress(f"lab {instance.name}", total=3) as progress:
            with progress.step(f"the state {one.name} is copied"):
                notes = notes_of(one)
                instance = replace(instance, chosen=notes.application)
                instance.address.create(notes.secrets)
                volumes.create(instance.container, instance.labels, log)
                volumes.copy(one.volume, instance.container, log)
            with progress.step("the server starts"):
                start_new(instance, log, image=one.image)
            with progress.step("its services answer"):
                wait_until_healthy(instance, notes.healthy)
    except BaseException:
        down(instance)
        raise
    instance.finished.write_text(f"{instance.ports()}\n")


def notes_of(one: Snapshot) -> Notes:
    """What was stored with the state."""
    return Notes(**json.loads(volumes.read_notes(one.volume)))


def copy_files(one: Snapshot, target: str, folders: Sequence[str], log: Path) -> None:
    """Give the container `target`, running or not, the state's folders, with their owners."""
    source = output((docker(), "create", "--label", f"{images.LABEL}=1", one.image)).strip()
    try:
        for folder in folders:
            pipe((docker(), "cp", "--archive", f"{source}:{folder}", "-"),
                 (docker(), "cp", "--archive", "-", f"{target}:{PurePosixPath(folder).parent}"), log)
    finally:
        run((docker(), "rm", "--force", "--volumes", source), log)


def wait_until_healthy(instance: Instance, names: Sequence[str]) -> None:
    """Return when the containers of these names are healthy. Raises LabError."""
    deadline = time.monotonic() + SETTLED_TIMEOUT_S
    while not set(names) <= set(output(instance.inside(*HEALTHY)).split()):
        if time.monotonic() > deadline:
            shown = output(instance.inside("docker", "ps", "--all", "--format", "{{.Names}}: {{.Status}}"))
            raise LabError(f"The services of {instance.name} are not healthy after {SETTLED_TIMEOUT_S:.0f} s:\n{shown}")
        time.sleep(1)  # each question starts two processes, on a machine that has just then enough to do


def prune(keep: Sequence[Snapshot] = (), *, everything: bool = False) -> list[Snapshot]:
    """Remove snapshots that are too old, incomplete or superseded by newer ones; returns those removed."""
    gone, counts = [], dict[str, int]()
    for one in stored():
        counts[one.name] = counts.get(one.name, 0) + 1
        if one.key in [kept.key for kept in keep if kept.name == one.name]:
            continue
        if (everything or one.age_s > KEEP_S or counts[one.name] > KEEP_EACH) and remove(one):
            gone.append(one)
    return gone


def remove(one: Snapshot) -> bool:
    """Remove image and volume; False when something still uses the volume. An image in use only loses its name."""
    succeeds((docker(), "rmi", one.image), timeout_s=60)
    return not volumes.exists(one.volume) or volumes.remove(one.volume)


def _is_whole(one: Snapshot) -> bool:
    return succeeds((docker(), "image", "inspect", one.image)) and volumes.is_complete(one.volume)
