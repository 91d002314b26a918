"""The runbooks that are interrupted: their parameters, and how each step is made necessary again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.resilience.runner import ActiveRun, start_run
from lab.resilience.server_under_test import REMOVE_IMAGES, ServerUnderTest

REASON = "resilience test: interruptions"
RELEASES = ("v3.1.0", "v3.2.0")
# the schema of the first release, as in a database that has not seen the second
FIRST_SCHEMA = """DROP INDEX IF EXISTS ix_squads_region; ALTER TABLE squads DROP COLUMN IF EXISTS region;
UPDATE alembic_version SET version_num = '0002';"""


@dataclass(frozen=True)
class RunbookUnderTest:
    """A runbook to interrupt. `prepare` makes every step not yet interrupted necessary again.

    `unfinished` is what a second run did not finish (empty: all done); `clean_up` follows every case.
    """

    notebook: str
    parameters: Callable[[ServerUnderTest], dict[str, str]]
    prepare: Callable[[ServerUnderTest, frozenset[str]], None] = lambda server, done: None
    unfinished: Callable[[ServerUnderTest, dict[str, str]], str] = lambda server, parameters: ""
    clean_up: Callable[[ServerUnderTest], None] = lambda server: None
    causes_outage: bool = False

    def start(self, server: ServerUnderTest, parameters: dict[str, str]) -> ActiveRun:
        """Start it on the server."""
        return start_run(server.instance.name, server.environment, server.outputs, self.notebook, parameters, REASON)


def _other_release(server: ServerUnderTest) -> str:
    return RELEASES[1] if server.live_version() == RELEASES[0] else RELEASES[0]


def _undo_preparations(server: ServerUnderTest, done: frozenset[str]) -> None:
    """A deployment skips what is done already: remove it, as long as its step has not been interrupted."""
    if not {"build-backend", "build-frontend"} <= done:
        server.shell(REMOVE_IMAGES)  # an image in use stays
    if "deliver-secrets" not in done:
        server.shell("sed -i '$ s/$/ /' /opt/gw2-wvwbuilder/.env.secrets")
    if not {"compatibility-check", "migrate"} <= done and _other_release(server) == RELEASES[1]:
        server.sql(FIRST_SCHEMA)


def _not_live(server: ServerUnderTest, parameters: dict[str, str]) -> str:
    wanted = parameters.get("ref") or parameters.get("to", "")
    live = server.health().get("version")
    if live != wanted:
        return f"{live} is live, not {wanted}"
    running = server.running_colours()
    return "" if running == {server.live_colour()} else f"both colours run: {', '.join(sorted(running))}"


def _record_both_releases(server: ServerUnderTest, done: frozenset[str]) -> None:
    """A rollback needs a recorded release to return to."""
    if not set(RELEASES) <= {line["version"] for line in server.releases()}:
        _run(server, "20_deploy", {"ref": _other_release(server)})


def _take_backup(server: ServerUnderTest, done: frozenset[str]) -> None:
    """A backup of the present data, compatible with the live release, so that restoring it loses nothing."""
    if server.live_version() != RELEASES[1]:  # after a rollback that kept the schema
        _run(server, "20_deploy", {"ref": RELEASES[1]})
    _run(server, "30_backup_database", {})


def _run(server: ServerUnderTest, notebook: str, parameters: dict[str, str]) -> None:
    with start_run(server.instance.name, server.environment, server.outputs, notebook, parameters, REASON) as run:
        run.wait()


def _newest_backup(server: ServerUnderTest) -> dict[str, str]:
    return {"backup": max(server.backups()), "confirm_database": "staging_db"}


def _drop_retained(server: ServerUnderTest) -> None:
    """Drop the databases that a restore retained."""
    server.sql("SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE datname LIKE 'staging_db_%' \\gexec")


DEPLOY = RunbookUnderTest("20_deploy", lambda server: {"ref": _other_release(server)}, _undo_preparations, _not_live)
BACKUP = RunbookUnderTest("30_backup_database", lambda server: {})
ROLLBACK = RunbookUnderTest("22_rollback", lambda server: {"to": _other_release(server)}, _record_both_releases,
                            _not_live)
RESTORE = RunbookUnderTest("32_restore_database", _newest_backup, _take_backup, clean_up=_drop_retained,
                           causes_outage=True)
