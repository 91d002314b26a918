"""Each step of a restore: a staged database is filled and compared while users work, then the names are swapped.

Shared by the restore and by a rollback that restores an earlier state of the data.
"""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.environment.release import service_of_slot
from runbook_lib.platform.facts.containers import exec_in
from runbook_lib.platform.facts.releases import COLOUR_LINE
from runbook_lib.platform.facts.running_release import upstream_line
from runbook_lib.platform.facts.target import BOTH_COLOURS
from runbook_lib.platform.plans.compose import compose, compose_up, stop_services
from runbook_lib.platform.plans.leftovers import MIGRATION, end_leftovers
from runbook_lib.platform.plans.nginx import reload_nginx, test_configuration
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.manifests import manifest_name
from runbook_lib.recovery.facts.restore_databases import as_superuser, restored_from

RESTORE_COMMIT = "restore-commit"
LIMIT_S = 3600
RETRY_AFTER_S = 30
MAINTENANCE_PORT = 8503  # inside nginx's container; the maintenance watchdog checks whether nginx listens there
MAINTENANCE_MARK = "maintenance mode: the API is unavailable"  # by which the watchdog recognises the file
OUTAGE = "about 20 seconds, and as long again as the migrations take"


def staged_name(environment: Environment, backup: Backup) -> str:
    """The staged database of a backup: staging_db_restore_ and the time of its snapshot."""
    return f"{environment.postgres.name}_restore_{backup.taken_at:%Y%m%d_%H%M%S}"


def is_restored(environment: Environment, backup: Backup) -> str:
    """What a restore achieves, as the first words of its report."""
    return (f"{environment.postgres.name} on {environment.name} holds the data of {backup.name}; "
            "what it held before is retained next to it")


def staging(environment: Environment, backup: Backup) -> tuple[Step, ...]:
    """Fill a staged database from the backup and compare it with its manifest; the live one is not touched."""
    staged = staged_name(environment, backup)
    path = f"{environment.backup.directory}/{backup.name}"
    manifest = f"{environment.backup.directory}/{manifest_name(backup.name)}"
    # the program refuses any other bytes than those that were read for the plan
    sha256 = backup.manifest.sha256 if backup.manifest else ""
    clear = _program(environment, staged, "clear")
    return (
        Step("restore-clear", "Clear the remains of an interrupted restore", (clear,),
             why="staged databases of earlier attempts; never the live one, never a retained one. A live database that "
             "one of them left closed is opened"),
        Step("restore-create", f"Create the empty database {staged}", (_program(environment, staged, "create"),),
             undo=(clear,), why="owner, privileges, locale, limits and settings of the live one"),
        Step("restore-load", f"Load {backup.name} into it",
             (_program(environment, staged, "load", path, sha256, timeout_s=LIMIT_S),),
             why="stopped by the first error; what the application wrote runs as a role with no power elsewhere"),
        Step("restore-compare", "Compare it with the manifest",
             (_program(environment, staged, "compare", manifest, backup.name, timeout_s=LIMIT_S),),
             why="a dump of the copy holds the same: all rows of every table, objects, sequences, large objects"),
    )


def maintenance_on(environment: Environment, colour: str) -> Step:
    """nginx itself answers API requests with 503 and Retry-After; pages still load. Undone: `colour` has the traffic.

    A watchdog stays on the server until maintenance mode is off: it turns it off should this run die before it can.
    """
    watchdog = Command(
        ("bash", "-s", "--", environment.server.directory, environment.project, environment.proxy_service,
         ",".join(environment.writers_of(colour)), str(environment.limits.watchdog_interval_s),
         environment.postgres.name, *as_superuser(environment)),
        stdin=watchdog_program(),
        timeout_s=15,
    )
    return Step(
        "maintenance-on",
        "Answer API requests with 503, try again later",
        (watchdog, *_upstreams(environment, maintenance_page(environment, colour))),
        undo=_upstreams(environment, upstreams_file(environment, colour)),
        why=f"the outage begins: {OUTAGE}. Clients are asked to retry after {RETRY_AFTER_S} s",
    )


def stop_writers(environment: Environment, colour: str) -> Step:
    """Stop the backends after the requests in progress. Undone: the live one is started again."""
    return Step(
        StepKey.STOP_WRITERS,
        "Stop the backends",
        (compose(environment, "stop", *environment.writers, profiles=BOTH_COLOURS),
         end_leftovers(environment, MIGRATION)),
        undo=(compose_up(environment, *environment.writers_of(colour), profiles=BOTH_COLOURS),),
        why="nothing is written from here on, nor by a migration that a killed run left; requests in progress are "
        "finished first",
    )


def swap(environment: Environment, backup: Backup) -> Step:
    """Swap the names of the staged and the live database. Undone: swapped back, whether it took place or not."""
    staged, database = staged_name(environment, backup), environment.postgres.name
    return Step(
        "restore-swap",
        f"Swap the names: {staged} becomes {database}",
        (_program(environment, staged, "swap"),),
        undo=(_program(environment, staged, "swap-back"),),
        why=f"one transaction; the previous one is retained whole as {database}_before_<time>. Sequences continue "
        "where they were, so that no id is given to another user",
    )


def start_writers(environment: Environment, colour: str) -> Step:
    """Start the live backend. Undone: stopped, so that it cannot write while the names are swapped back."""
    writers = environment.writers_of(colour)
    return Step(
        "start-writers",
        "Start the backend",
        (compose_up(environment, *writers, profiles=BOTH_COLOURS),),
        undo=(stop_services(environment, *writers),),
        why="it opens new connections, to the restored database",
    )


def maintenance_off(environment: Environment, colour: str) -> Step:
    """`colour` has the traffic again. Undone: maintenance mode, because the names are swapped back behind it."""
    return Step(
        "maintenance-off",
        "Let API requests through again",
        _upstreams(environment, upstreams_file(environment, colour)),
        undo=_upstreams(environment, maintenance_page(environment, colour)),
        why="the outage ends",
    )


def commit_restore(environment: Environment, backup: Backup) -> Step:
    """Record that the swap is final: no undo and no later run swaps back from here on."""
    return Step(
        RESTORE_COMMIT,
        "Record the swap as final",
        (_program(environment, staged_name(environment, backup), "commit", restored_from(backup.name)),),
        why="until here the swap is undone automatically; the previous database stays until an operator deletes it",
    )


def drop_retained(environment: Environment, name: str) -> Step:
    """Delete one database that an earlier restore retained."""
    why = "this is the pre-restore database; once dropped, only a backup can recover it"
    return Step("drop-retained", f"Delete {name} for good", (_program(environment, name, "drop", name),), why=why)


def maintenance_page(environment: Environment, colour: str) -> str:
    """nginx's upstreams while no writer may be asked. Source: nginx manual, ngx_http_rewrite_module, return."""
    release = environment.release
    detail = "The database is being restored. Your request is fine: try again in a moment."
    return (
        f"# Written by a runbook: {MAINTENANCE_MARK}; {colour} keeps serving the pages.\n"
        # where every service of a release writes, no upstream of this page names the colour
        f"{COLOUR_LINE}{colour}\n"
        "server {\n"
        f"    listen 127.0.0.1:{MAINTENANCE_PORT};\n"
        "    access_log off;\n"
        "    location / {\n"
        "        default_type application/json;\n"
        f"        add_header Retry-After {RETRY_AFTER_S} always;\n"
        f"        return 503 '{{\"detail\": \"{detail}\"}}';\n"
        "    }\n"
        "}\n"
        + "".join(upstream_line(name, f"127.0.0.1:{MAINTENANCE_PORT}", pooled=False)
                  if name in release.writers else upstream_line(name, f"{service_of_slot(name, colour)}:{one.port}")
                  for name, one in release.services.items())
    )


def _program(environment: Environment, staged: str, step: str, *words: str, timeout_s: float = 120.0) -> Command:
    """One step of `restore_database.sh` on the server."""
    # not through Compose: during the outage, each of its half seconds counts
    database = environment.postgres
    prefix = exec_in(environment, database.service)
    argv = ("bash", "-s", "--", step, database.name, staged, database.owner, str(len(prefix)), *prefix, *words)
    return Command(argv, stdin=restore_program(), timeout_s=timeout_s)


def restore_program() -> str:
    """The whole program that restores a database, as `bash -s -- STEP DATABASE STAGED OWNER …` takes it."""
    return programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh",
                         "recovery/split_dump.sh", "recovery/load_dump.sh",
                         "recovery/database_definition.sh", "recovery/restore_database.sh")


def watchdog_program() -> str:
    """The program that ends a maintenance mode whose run died."""
    return programs.text("recovery/database_definition.sh", "recovery/watchdog_parts.sh",
                         "recovery/maintenance_watchdog.sh")


def _upstreams(environment: Environment, text: str) -> tuple[WriteFile | Command, ...]:
    return (
        WriteFile(environment.server.path(".runbook/upstreams/active.conf"), text),
        # nginx keeps its old configuration when a reload fails, silently: so the file is tested first
        test_configuration(environment),
        reload_nginx(environment),
    )

