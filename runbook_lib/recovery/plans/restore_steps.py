"""Each step of a restore: a side database is filled and compared while users work, then names are exchanged.

Shared by the restore and by a rollback that brings an earlier state of the data back.
"""

from __future__ import annotations

from runbook_lib.core import programs
from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import container_name
from runbook_lib.platform.facts.target import BOTH_COLOURS
from runbook_lib.platform.plans.compose import ABSENT_IS_FINE, compose, compose_up
from runbook_lib.platform.plans.nginx import reload_nginx
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.manifests import manifest_name

LIMIT_S = 3600
POSTGRES = container_name("postgres")  # by its name: while writers wait, each of Compose's half seconds counts
RETRY_AFTER_S = 30
CLOSED_PORT = 8503  # inside nginx's container; the door's keeper looks whether nginx listens there
OUTAGE = "about 20 seconds, and as long again as the migrations take"

# redis-cli ends with 0 on errors too: its answer is looked at
FLUSH = 'test "$(REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli --no-auth-warning FLUSHDB)" = OK'


def side_name(environment: Environment, backup: Backup) -> str:
    """The side database of a backup: staging_db_restore_ and the time of its snapshot."""
    return f"{environment.backup.database}_restore_{backup.taken_at:%Y%m%d_%H%M%S}"


def program(environment: Environment, side: str, step: str, *words: str, timeout_s: float = 120.0) -> Command:
    """One step of `restore_database.sh` on the server."""
    inside = ("docker", "exec", "-i", POSTGRES)
    rules = environment.backup
    argv = ("bash", "-s", "--", step, rules.database, side, rules.user, str(len(inside)), *inside, *words)
    text = programs.text("recovery/snapshot_queries.sh", "recovery/restore_database.sh")
    return Command(argv, stdin=text, timeout_s=timeout_s)


def preparation(environment: Environment, backup: Backup) -> tuple[Step, ...]:
    """Fill a side database from the backup and compare it with its manifest; the live one is not touched."""
    side = side_name(environment, backup)
    path = f"{environment.backup.directory}/{backup.name}"
    manifest = f"{environment.backup.directory}/{manifest_name(backup.name)}"
    sha256 = backup.manifest.sha256 if backup.manifest else ""
    clear = program(environment, side, "clear")
    return (
        Step("restore-clear", "Clear what an unfinished restore left", (clear,),
             why="side databases of earlier attempts; never the live one, never a kept one"),
        Step("restore-create", f"Make the empty side database {side}", (program(environment, side, "create"),),
             undo=(clear,), why="owner, privileges, encoding and settings of the live one; nobody is connected to it"),
        Step("restore-load", f"Load {backup.name} into it",
             (program(environment, side, "load", path, sha256, timeout_s=LIMIT_S),),
             why="one transaction, stopped by the first error, as the owner and not as the superuser"),
        Step("restore-compare", "Compare it with the manifest",
             (program(environment, side, "compare", manifest, backup.name, timeout_s=LIMIT_S),),
             why="rows and content hash of every table, schema revision, constraints, indexes and columns"),
    )


def maintenance_on(environment: Environment, colour: str) -> Step:
    """The API answers 503 with Retry-After by nginx itself; the page stays. Undone: `colour` has the traffic again.

    A keeper stays on the server until the door is open: it opens it should this run die before it can.
    """
    keeper = Command(
        ("bash", "-s", "--", environment.server.directory, container_name(f"backend-{colour}")),
        stdin=programs.text("recovery/maintenance_watchdog.sh"),
        timeout_s=15,
    )
    return Step(
        "maintenance-on",
        "Answer API requests with 503, try again later",
        (keeper, *_upstreams(environment, maintenance_page(colour))),
        undo=_upstreams(environment, upstreams_file(colour)),
        why=f"the outage begins: {OUTAGE}. Clients are told to come back after {RETRY_AFTER_S} s",
    )


def stop_writers(environment: Environment, colour: str) -> Step:
    """Stop the backends, requests under way to their end. Undone: the live one is started again."""
    both = tuple(f"backend-{one}" for one in BOTH_COLOURS)
    return Step(
        "stop-writers",
        "Stop the backends",
        (compose(environment, "stop", *both, profiles=BOTH_COLOURS),),
        undo=(compose_up(environment, f"backend-{colour}", profiles=BOTH_COLOURS),),
        why="nothing is written from here on; requests under way are finished first",
    )


def swap(environment: Environment, backup: Backup) -> Step:
    side, database = side_name(environment, backup), environment.backup.database
    return Step(
        "restore-swap",
        f"Exchange the names: {side} becomes {database}",
        (program(environment, side, "swap"),),
        undo=(program(environment, side, "swap-back"),),
        why=f"one transaction; the one before is kept whole as {database}_before_<time>. Sequences go on where they "
        "were, so that no id is given to somebody else",
    )


def flush_cache(environment: Environment) -> Step:
    command = compose(environment, "exec", "-T", "redis", "sh", "-c", FLUSH)
    return Step(
        "flush-cache",
        "Empty the cache",
        (command,),
        undo=(command,),
        why="cached replies and sessions speak of rows that may be gone: everybody logs in once more",
    )


def start_writers(environment: Environment, colour: str) -> Step:
    service = f"backend-{colour}"
    return Step(
        "start-writers",
        "Start the backend",
        (compose_up(environment, service, profiles=BOTH_COLOURS),),
        undo=(compose(environment, "stop", service, profiles=(colour,), accepts=ABSENT_IS_FINE),),
        why="it opens its connections anew, to the restored database",
    )


def maintenance_off(environment: Environment, colour: str) -> Step:
    return Step(
        "maintenance-off",
        "Let API requests through again",
        _upstreams(environment, upstreams_file(colour)),
        undo=_upstreams(environment, maintenance_page(colour)),
        why="the outage ends",
    )


def keep(environment: Environment, backup: Backup) -> Step:
    return Step(
        "restore-commit",
        "Write down that the exchange holds",
        (program(environment, side_name(environment, backup), "keep", f"restored from {backup.name}"),),
        why="until here the exchange can be taken back by itself; the database before stays, until a person deletes it",
    )


def maintenance_page(colour: str) -> str:
    """nginx's upstreams while no backend may be asked. Source: nginx manual, ngx_http_rewrite_module, return."""
    words = "The database is being exchanged. Nothing is wrong with your request: try again in a moment."
    return (
        f"# Written by a runbook: the API is closed for a moment; {colour} keeps the pages.\n"
        "server {\n"
        f"    listen 127.0.0.1:{CLOSED_PORT};\n"
        "    access_log off;\n"
        "    location / {\n"
        "        default_type application/json;\n"
        f"        add_header Retry-After {RETRY_AFTER_S} always;\n"
        f"        return 503 '{{\"detail\": \"{words}\"}}';\n"
        "    }\n"
        "}\n"
        f"upstream backend {{ server 127.0.0.1:{CLOSED_PORT}; }}\n"
        f"upstream frontend {{ server frontend-{colour}:3000; keepalive 32; }}\n"
    )


def _upstreams(environment: Environment, text: str) -> tuple[WriteFile | Command, ...]:
    return (
        WriteFile(environment.server.path(".runbook/upstreams/active.conf"), text),
        compose(environment, "exec", "-T", "nginx", "nginx", "-t", "-q"),
        reload_nginx(environment),
    )
