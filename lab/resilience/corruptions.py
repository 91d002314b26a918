"""Corrupted backups are never accepted: each is put into a folder on the server and judged like a real one.

First the survey with every byte read again, then the inspection of the dump to its end; what still looks good is
restored by the drill's own program. The live database is compared before and after.
"""

from __future__ import annotations

import base64
import io
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.errors import LabError
from lab.instance import Instance
from lab.processes import log_file, output, run
from lab.resilience.backup_pair import Corruption, Pair
from lab.resilience.corruption_kinds import all_corruptions
from lab.resilience.suite import Case, Suite
from lab.resilience.traffic import change
from runbook_lib.connections import open_connections
from runbook_lib.connections.local import load_secrets
from runbook_lib.core import programs
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.releases import Deployed, deployed_state
from runbook_lib.recovery.checks.drill import APPLICATION_READS, drill_findings
from runbook_lib.recovery.checks.restorable import backup_is_restorable
from runbook_lib.recovery.facts.backup_survey import survey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.drills import parse_drills
from runbook_lib.recovery.facts.dumps import inspect_dump
from runbook_lib.recovery.plans.restore_drill import drill_command

FOLDER = "/backups/damaged"
FIRST_MOMENT = datetime(2024, 1, 1, 2, 0, tzinfo=UTC)
CONTROL = Corruption("control: a good backup must be accepted", lambda pair, other: pair)
BEFORE_RESTORE, BY_RESTORE = "found before any restore", "found by the restore"


def run_cases(instance: Instance) -> Iterator[Case]:
    """Every corruption of the catalogue, and a good backup that is accepted."""
    for number in (1, 2):
        began = time.monotonic()
        code = change(instance, "30_backup_database", {}).code
        yield Case(f"backup {number} of 2 to corrupt", code == 0, f"exit code {code}", time.monotonic() - began)
    good, other = newest_two_backups(instance)
    yield from never_accepted(instance, good, other, all_corruptions(good))


def never_accepted(instance: Instance, good: Pair, other: Pair, corruptions: Sequence[Corruption]) -> Iterator[Case]:
    """A case for each corruption, then the control and the live database."""
    environment = load_environment(instance.address.environment)
    database = environment.postgres.name
    files = [(corruption, *good.at(database, FIRST_MOMENT + timedelta(minutes=number)))
             for number, corruption in enumerate((*corruptions, CONTROL))]
    began, before = time.monotonic(), live_contents(instance, environment)
    try:
        write_pairs(instance, [(name, corruption.apply(pair, other)) for corruption, name, pair in files], FOLDER)
        with open_connections(environment, load_secrets(environment), changes_allowed=False) as connections:
            judge = _Judge(instance, environment, connections, len(files))
            for corruption, name, _ in files:
                started = time.monotonic()
                accepted, measured = judge.accepts(name)
                yield Case(corruption.name, accepted == (corruption is CONTROL), measured, time.monotonic() - started)
    finally:
        output(instance.inside("rm", "-rf", FOLDER))
    same = live_contents(instance, environment) == before
    yield Case("the live database is unchanged", same, f"{before.count(chr(10))} tables and values compared",
               time.monotonic() - began)


def newest_two_backups(instance: Instance) -> tuple[Pair, Pair]:
    """The two newest backups of the instance. Raises LabError when there are fewer."""
    newest_first = "ls -r /backups/postgres/*.sql.gz 2>/dev/null || true"
    listing = output(instance.inside("sh", "-c", newest_first)).split()
    if len(listing) < 2:
        raise LabError(f"{instance.name} has {len(listing)} backups, two are needed. Run 30 Back up the database.")
    first, second = (_read(instance, path) for path in listing[:2])
    return first, second


def write_pairs(instance: Instance, pairs: Sequence[tuple[str, Pair]], folder: str) -> None:
    """Write dumps and manifests into a folder on the server."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, pair in pairs:
            manifest = name.removesuffix(".sql.gz") + ".manifest.json"
            for path, raw in ((name, pair.dump), (manifest, pair.manifest)):
                if raw is not None:
                    entry = tarfile.TarInfo(path)
                    entry.size, entry.mode = len(raw), 0o644
                    tar.addfile(entry, io.BytesIO(raw))
    unpack = f"mkdir -p {folder} && tar -x -C {folder} && chown -R deploy {folder}"
    log = log_file(f"corruptions-{instance.name}")
    run(instance.inside("sh", "-c", unpack), log, input=packed.getvalue(), timeout_s=300)


def live_contents(instance: Instance, environment: Environment) -> str:
    """What a dump of the live database holds: every table, object and sequence."""
    database = environment.postgres
    labels = (f"com.docker.compose.project={environment.project}", f"com.docker.compose.service={database.service}")
    container = "docker ps -q " + " ".join(f"--filter label={label}" for label in labels)
    program = (
        f"set -o pipefail; docker exec $({container}) pg_dump -U {database.owner} -d {database.name} </dev/null "
        "| with_contents /tmp/live-contents >/dev/null && comparable /tmp/live-contents && rm /tmp/live-contents"
    )
    text = programs.text("recovery/dump_contents.sh") + program
    return output(instance.inside("bash", "-s"), input=text, timeout_s=120)


class _Judge:
    """The checks between a file in the folder and a database; the folder is surveyed once for all files."""

    def __init__(self, instance: Instance, environment: Environment, connections: Any, amount: int) -> None:
        rules = environment.backup.model_copy(update={"directory": FOLDER})
        self._instance, self._connections = instance, connections
        drills = environment.restore_drill.model_copy(update={"reads": {}})
        self._environment = environment.model_copy(update={"backup": rules, "restore_drill": drills})
        self._folder = survey(self._environment, checksums=amount).fetch(connections)
        self._deployed: Deployed = deployed_state(environment).fetch(connections)

    def accepts(self, name: str) -> tuple[bool, str]:
        """Whether every check accepts this backup, and which one did not."""
        backup = self._folder.named(name)
        reading = None
        if backup is not None and backup.good:
            reading = inspect_dump(self._environment, name).fetch(self._connections)
        refused = _refusal(backup_is_restorable(backup, reading, self._environment))
        if refused or backup is None:
            return False, f"{BEFORE_RESTORE}: {refused}"
        return self._restore(backup)

    def _restore(self, backup: Backup) -> tuple[bool, str]:
        # without an application image and read paths; its record goes into the folder that is removed
        command = drill_command(backup, replace(self._deployed, images=frozenset()), self._environment)
        words = (*command.argv[:3], FOLDER, *command.argv[4:])
        shown = output(self._instance.inside("bash", "-c", '"$@" || true', "drill", *words, user="deploy"),
                       input=str(command.stdin), timeout_s=600)
        drill = next(iter(parse_drills(shown).drills), None)
        refused = _refusal([one for one in drill_findings(backup, drill) if not one.check.endswith(APPLICATION_READS)])
        return not refused, f"{BY_RESTORE}: {refused}" if refused else "restored and compared: equal"


def _refusal(findings: Sequence[Finding]) -> str:
    """The first finding that rejects a backup; empty when all accept it."""
    bad = [one for one in findings if one.verdict not in (Verdict.PASSED, Verdict.WARNING)]
    return f"{bad[0].check}: {bad[0].measured}"[:240] if bad else ""


def _read(instance: Instance, path: str) -> Pair:
    dump, manifest = (base64.b64decode(output(instance.inside("base64", "-w0", one), timeout_s=120))
                      for one in (path, path.removesuffix(".sql.gz") + ".manifest.json"))
    # encoded anew as for every other file, so that byte positions mean the same in all of them
    return Pair(dump, manifest).with_manifest()


SUITE = Suite("corruptions", "Corrupted backups are never accepted, and none reaches the live database", run_cases)
