"""What notebooks need of an environment. Each declares it in its own metadata, next to its parameters:

"runbook": {"needs": [what it cannot run without], "uses": [what it reports less without]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook_lib.contract.catalogue import Runbook
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.text import did_you_mean

if TYPE_CHECKING:
    from runbook_lib.environment import Environment


@dataclass(frozen=True)
class Answer:
    """Whether a requirement is met; None where that is not known. `change` is the smallest that would meet it.

    `declared`: the environment file says so. What it has none of is not broken, and what it has may be.
    """

    met: bool | None
    measured: str = ""
    change: str = ""
    declared: bool = False


@dataclass(frozen=True)
class Requirement:
    """Something that notebooks need. `judge` reads it from the environment file; None where a server shows it."""

    title: str
    judge: Callable[[Environment], Answer | None]


@dataclass(frozen=True)
class Needs:
    """The requirements of one notebook, by their names: without `needs` it cannot run, without `uses` it shows less."""

    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Both, those that it cannot do without first."""
        return (*self.needs, *self.uses)


def needs_of(runbook: Runbook) -> Needs:
    """What a notebook declares. Raises BadParameter where it declares nothing, or a requirement that there is not."""
    declared = runbook.metadata.get("runbook")
    lists = [declared.get(key, []) if isinstance(declared, dict) else None for key in ("needs", "uses")]
    if not all(isinstance(one, list) for one in lists) or not lists[0]:
        raise _malformed(runbook, 'should have "needs": a list of at least one requirement')
    needs, uses = (tuple(map(str, one or ())) for one in lists)
    unknown = [name for name in (*needs, *uses) if name not in REQUIREMENTS]
    if unknown:
        raise _malformed(runbook, f"{unknown[0]} is not a requirement{did_you_mean(unknown[0], REQUIREMENTS)}")
    if len({*needs, *uses}) < len((*needs, *uses)):
        raise _malformed(runbook, "names a requirement twice")
    return Needs(needs, uses)


def _malformed(runbook: Runbook, fault: str) -> BadParameter:
    return BadParameter(f'The notebook\'s metadata "runbook" {fault}.', where=f"notebooks/{runbook.path.name}",
                        next_step=f"Correct it: {{\"needs\": [...], \"uses\": [...]}} of {', '.join(REQUIREMENTS)}.")


def _on_the_server(environment: Environment) -> None:
    """Nothing in the file shows it."""


def _release_is_named(environment: Environment) -> Answer:
    health: Any = environment.health
    named = [path for path, one in health.endpoints.items() if getattr(one, "commit", None)]
    named += [claim.path for claim in health.claims.values() if claim.equals == "running_commit"]
    return Answer(bool(named), f"{named[0]} names it" if named else "no answer names the commit that runs",
                  "let a health path answer with the commit, for example {\"commit\": \"…\"}, and name that field as "
                  "its `commit` in health.endpoints; until then the image's tag shows which release runs")


def _variable_files(environment: Environment) -> Answer | None:
    # with colours Compose is called with both files by name, and ends where one is missing
    own = Answer(True, f"the application's own {environment.compose.own_variables} is read, where it has one")
    return own if environment.release.replaced else None


def _strategy(environment: Environment) -> Answer:
    if environment.release.replaced:
        # unknown, the release would start on a schema that it does not know
        known = environment.migrations is not None or "migrations" in environment.without
        named = f"recreate: {', '.join(environment.release.services)}"
        return Answer(known, named if known else f"{named}; but who migrates the database is not known",
                      "name the tool in `migrations`, with at_start where the application migrates when it starts; or "
                      "say in without.migrations why there is none")
    found = [name for name, one in environment.services.items() if one.coloured]
    return Answer(bool(found), f"coloured: {', '.join(found)}" if found else "each service runs once",
                  "run each service of a release twice, as NAME-blue and NAME-green behind nginx, with coloured: true; "
                  "or let a release replace the one that runs: release.strategy recreate")


def _watch_reads(environment: Environment) -> Answer:
    # imported here: a list of the notebooks needs no model
    from runbook_lib.environment.traffic import more_reads, reads_of_watch

    if not environment.release.replaced:
        return Answer(True, "requests are counted in the proxy's log")
    rules = environment.rollback
    due = reads_of_watch(environment.traffic, environment.load, rules)
    few = due < rules.minimum_requests
    return Answer(not few, f"{due} reads in {rules.watch_s:g} s" + (
        f", and an error rate needs {rules.minimum_requests}: a deployment ends inconclusive (4)" if few else ""),
        more_reads(environment.traffic, environment.load))


def _rows(environment: Environment) -> Answer | None:
    """None where only the database shows it: rows may come all the time."""
    if environment.database is None:
        return _database(environment)
    reason = environment.without.get("writes", "")
    if environment.smoke is not None and environment.smoke.writes:
        return Answer(True, "the smoke test stores some")
    return Answer(True, f"not asked for: {reason}") if reason or not environment.release.replaced else None


def _alert_channel(environment: Environment) -> Answer:
    mail = environment.notifications.mail is not None
    found = [name for name, one in environment.alerts.channels.items() if one.secret or (one.to and mail)]
    return Answer(bool(found), f"channels: {', '.join(found)}" if found else "no message could be sent anywhere",
                  "name a channel in alerts.channels with its secret (chat), or `to` and notifications.mail (mail)")


def _given(part: Callable[[Environment], object], key: str, change: str,
           without: str = "") -> Callable[[Environment], Answer]:
    """Of a part that the file has, or says in `without` why there is none."""
    def judge(environment: Environment) -> Answer:
        there = bool(part(environment))
        return _absent("" if there else environment.without.get(without, "")) or Answer(
            there, f"{key} is given" if there else f"{key} is not given", change)

    return judge


def _database(environment: Environment) -> Answer | None:
    return _absent(environment.no_database_reason)


def _absent(reason: str) -> Answer | None:
    return Answer(False, f"not here: {reason}", "none: it is what the environment file says") if reason else None


def _own_database(environment: Environment) -> Answer | None:
    # imported here: a list of the notebooks needs no model
    from runbook_lib.environment.data_services import OWN_DATABASE, SERVER_DATABASES

    if environment.database is None:
        return _database(environment)
    name = environment.database.name
    found = name not in SERVER_DATABASES
    return Answer(found, name if found else f"{name}: PostgreSQL makes it on every server, so no restore can",
                  OWN_DATABASE)


def _load_target(environment: Environment) -> Answer:
    test = environment.load_test
    there = test is not None and test.target == environment.name
    return Answer(there, f"load_test.target is {test.target}" if test else "load_test is not given",
                  f"give load_test with the requests of a user's flow, and target: {environment.name}")


def _secret_names(environment: Environment) -> Answer | None:
    own = "; the application's own files on the server have them" if environment.release.replaced else ""
    return None if environment.server_secrets else Answer(True, f"no secret has to be delivered{own}")


def _page(environment: Environment) -> Answer | None:
    return None if environment.gate.page else Answer(None, "gate.page is not given", "say in gate.page what users see")


def _probes(environment: Environment) -> Answer | None:
    """None where there are some: whether they answer the server shows."""
    if lacking := without_a_probe(environment):
        return lacking
    return None if any(one.probe and one.required for one in environment.services.values()) else Answer(
        True, "no service listens anywhere")


def without_a_probe(environment: Environment) -> Answer | None:
    """The services that listen and that 40 cannot ask; None where there are none."""
    lacking = [name for name, one in environment.services.items()
               if one.required and one.ports and one.probe is None]
    return Answer(False, f"not asked itself, its container alone: {', '.join(lacking)}",
                  "name in services.NAME.probe how each is asked: {path: /health, host: localhost}, {kind: https}, "
                  "{kind: redis} or {kind: postgres}; of what speaks no HTTP its own health check has to do, and of "
                  "what listens nowhere leave `ports` out") if lacking else None


def _dependencies(environment: Environment) -> Answer:
    required = [name for name, one in environment.services.items() if one.required]
    named = [name for name in required if environment.services[name].needs]
    return Answer(bool(named) or len(required) < 2, f"named of {', '.join(named)}" if named else
                  "no service names another that it needs", "name in services.NAME.needs what each needs, as web: "
                  "{needs: [db]}: where several fail, 40 names the cause first")


# in the order in which they are shown: the way to the server first, because the others follow from it
REQUIREMENTS: Mapping[str, Requirement] = {
    "ssh": Requirement("the server over SSH, with a known host key", _on_the_server),
    "docker": Requirement("an Engine on the server that its user may use", _on_the_server),
    "project": Requirement("running containers of the Compose project", _on_the_server),
    "checkout": Requirement("a clone of the repository in the server's folder", _on_the_server),
    "variable_files": Requirement("Compose's files, compose.variables_file and .secrets_file", _variable_files),
    "public": Requirement("an answer at the public address", _on_the_server),
    "secrets": Requirement("the secrets that a deployment delivers", _secret_names),
    "database": Requirement("a PostgreSQL that answers as the owner", _database),
    "dump": Requirement("a role that may read every table", _database),
    "statements": Requirement("statistics of statements", lambda one: _absent(one.no_statements_reason)),
    "own_database": Requirement("a database of the application's own, which a restore can make", _own_database),
    "backup_folder": Requirement("a folder for backups that may be written", _database),
    "configuration_folder": Requirement("a folder for the copies of configuration", _on_the_server),
    "cron": Requirement("cron or systemd for the user", _on_the_server),
    "release_answer": Requirement("a health answer that names the release", _release_is_named),
    "strategy": Requirement("a way in which one release follows another", _strategy),
    "watch_reads": Requirement("requests enough for an error rate while a release is watched", _watch_reads),
    "rows": Requirement("rows that show which database a release uses", _rows),
    "recorded": Requirement("a release that a runbook has deployed", _on_the_server),
    "probes": Requirement("a way to ask each service that listens itself", _probes),
    "dependencies": Requirement("which services need which", _dependencies),
    "metrics": Requirement("metrics in a Prometheus", _given(
        lambda environment: [one for one in environment.metrics.values() if not one.absent_reason], "metrics",
        "run a Prometheus in the project and name its queries in `metrics`", without="monitoring")),
    "resources": Requirement("resources with a limit to compare their use with", _given(
        lambda environment: environment.capacity.resources, "capacity.resources",
        "name them in capacity.resources, each with its PromQL and where its limit is set; without them 61 shows "
        "containers, folders and images, and ends inconclusive (4)")),
    "logs": Requirement("logs that the file names", _given(
        lambda environment: environment.logs, "logs",
        "name them, for example logs: {web: {kind: application, format: text, service: web}}")),
    "alert_channel": Requirement("a channel for messages", _alert_channel),
    "alert_drill": Requirement("permission to provoke alerts", _given(
        lambda environment: environment.alert_drill, "alert_drill", "say in alert_drill what may be provoked")),
    "load_target": Requirement("permission to send load", _load_target),
    "browser": Requirement("a browser on this machine for the page", _page),
}
