"""Requirements that only the server, or this machine, can answer: asked read-only, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from runbook_lib.capacity.facts.slow_statements import survey_statements
from runbook_lib.connections.browser import browser_program
from runbook_lib.contract.requirements import Answer, without_a_probe
from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import (
    AuthenticationRefused,
    DockerUnavailable,
    Inconclusive,
    LoginUnusable,
    Refused,
    RunbookError,
    UsageError,
)
from runbook_lib.core.questions import Connections
from runbook_lib.core.text import lines_of, printable
from runbook_lib.environment import Environment
from runbook_lib.environment.release import both_slots
from runbook_lib.observability.facts.service_replies import Reply, ServiceReply, ask_services
from runbook_lib.platform.facts.written_rows import RowCounter, rows_before

PROGRAM = ("platform/whole_lines.sh", "adopting/survey_requirements.sh")
CHANGES: Mapping[str, str] = {
    "docker": "let the server's user use the Engine: usermod -aG docker USER, then log in anew",
    "project": "start the project, or correct compose.project: `docker compose ls` on the server shows the names",
    "variable_files": "make what is missing in server.directory, empty: install -m 600 /dev/null FILE",
    "checkout": "clone the repository once into server.directory",
    "recorded": "deploy a release with 20 Deploy: what runs now is recorded before it changes anything",
    "backup_folder": "as root on the server: install -d -o USER -m 0700 DIRECTORY, of backup.directory",
    "configuration_folder": "as root on the server: install -d -o USER -m 0700 the folder that "
                            "configuration_backup.repository lies in",
    "cron": "install cron",
}
# tables that the owner cannot read are missing in a dump, or end it
_UNREADABLE = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AND NOT c.relforcerowsecurity)
 ORDER BY 1 LIMIT 5
"""
ANSWERED = ("docker", "project", "checkout", "recorded", "variable_files", "backup_folder", "configuration_folder",
            "cron")


def ask_server(environment: Environment, connections: Connections, secrets: Mapping[str, object]) -> dict[str, Answer]:
    """An answer for each requirement that the environment file leaves open. Nothing is changed on the server."""
    answers = {"browser": _browser(), "secrets": _secrets(environment, secrets),
               "public": _public(environment, connections)}
    try:
        answers |= _survey(environment, connections)
        if answers["public"].met is False and answers["project"].met is False:
            # where nothing runs, nothing answers as declared: that is one fault, not two
            answers["public"] = Answer(None, answers["public"].measured, "see project")
    except RunbookError as error:
        # what is refused an operator can change; what does not answer may do so in a minute
        met = False if isinstance(error, (Refused, UsageError, AuthenticationRefused, LoginUnusable)) else None
        unknown = Answer(None, "the server could not be asked", "see ssh")
        return answers | dict.fromkeys((*ANSWERED, "database", "dump", "probes", "rows", "statements"), unknown) | {
            "ssh": Answer(met, error.what, error.next_step)}
    return answers | _database(connections) | {
        "probes": _probes(environment, connections), "rows": _rows(connections),
        "statements": _statements(environment, connections)}


def parse_survey(text: str) -> dict[str, Answer]:
    """The program's lines as answers; what it did not say is not known."""
    lines = dict(line.partition("=")[::2] for line in lines_of(text) if "=" in line)
    found = {}
    for name in ANSWERED:
        value = printable(lines.get(name, "no line about it came"))
        met = True if value == "yes" else False if value.startswith("no:") else None
        found[name] = Answer(met, "" if met else value.removeprefix("no: "), CHANGES[name])
    if found["docker"].met is not True:
        found["project"] = Answer(None, "the Engine could not be asked", "see docker")
    return found


def _survey(environment: Environment, connections: Connections) -> dict[str, Answer]:
    command = Command(("sh", "-c", programs.text(*PROGRAM), "requirements", environment.server.directory,
                       environment.project, environment.backup.directory,
                       environment.configuration_backup.repository, environment.compose.variables_file,
                       environment.compose.secrets_file), timeout_s=60)
    text = connections.server.run(command).stdout
    found = {"ssh": Answer(True, connections.server.address), **parse_survey(text)}
    # as it has to be typed there: a folder that is made by root belongs to root otherwise
    user, folder = environment.server.user, environment.backup.directory
    above = environment.configuration_backup.repository.rpartition("/")[0]
    for name, folders in {"backup_folder": (above, folder) if folder.startswith(f"{above}/") else (folder,),
                          "configuration_folder": (above,)}.items():
        made = f"as root on the server: install -d -o {user} -m 0700 {' '.join(folders)}"
        found[name] = replace(found[name], change=made)
    return found


def _database(connections: Connections) -> dict[str, Answer]:
    change = "correct database.service, .name and .owner, or start it"
    try:
        hidden = [str(row["name"]) for row in connections.database.rows(_UNREADABLE)]
    except DockerUnavailable as error:
        return dict.fromkeys(("database", "dump"), Answer(None, error.what, "see docker"))
    except (RunbookError, KeyError) as error:
        what = error.what if isinstance(error, RunbookError) else "an unknown reply"
        return {"database": Answer(False, what, change), "dump": Answer(None, "the database did not answer", change)}
    return {"database": Answer(True, "it answers as its owner"), "dump": Answer(
        not hidden, f"it may not read {', '.join(hidden)}" if hidden else "every table can be read",
        "GRANT SELECT on them to the owner, or make it their owner")}


def _probes(environment: Environment, connections: Connections) -> Answer:
    """A probe that is refused may be a fault of the service, or of what the file says: 40 would be red either way."""
    change = ("where the service works, correct services.NAME.probe: path, port, or host, the name that its health "
              "check asks for where it refuses its address")

    databases = [name for name, one in environment.services.items() if one.probe and one.probe.needs_database]
    lacking = without_a_probe(environment)

    def ask() -> Answer:
        replies = ask_services(environment).fetch(connections)
        # of the database its own line speaks
        others = {*databases, *_rightly_stopped(environment, replies)}
        silent = [one for one in replies if one.works is not True and one.service not in others]
        bad, known = [f"{one.service}: {one.words or one.reply.value}" for one in silent], all(
            one.works is not None for one in silent)
        if lacking is None:
            return Answer(not bad if known else None, "; ".join(bad) or "each that has a probe answers", change)
        return replace(lacking, measured="; ".join([*bad, lacking.measured]),
                       change="; ".join([*([change] if bad else []), lacking.change]))

    return _attempt(ask, change)


def _rightly_stopped(environment: Environment, replies: tuple[ServiceReply, ...]) -> set[str]:
    """The colour without users, and what need not run: that nothing answers there is no fault of a probe."""
    stopped = {one.service for one in replies if one.reply is Reply.STOPPED}
    idle = {name for name, one in environment.services.items() if not one.required}
    for name, service in environment.services.items():
        slots = set(both_slots((name,))) if service.coloured else set()
        idle |= slots if slots - stopped else set()
    return stopped & idle


def _rows(connections: Connections) -> Answer:
    """Whether rows come all the time, so that silence after a release shows that it uses another database."""
    change = ("mark the step of smoke that stores a row with writes: true, or say in without.writes why rows come "
              "seldom; else a deployment during which none comes ends inconclusive (4)")

    def ask() -> Answer:
        came = rows_before(RowCounter()).fetch(connections)
        return Answer(came.all_the_time, came.in_words, change)

    return _attempt(ask, change)


def _statements(environment: Environment, connections: Connections) -> Answer:
    """Whether 62 can say which statements are slow: without that it is never passed."""
    change = "without them 62 ends inconclusive (4), unless without.statements says why there are none"

    def ask() -> Answer:
        found = survey_statements(environment).fetch(connections)
        step = f"{found.next_step} W{change[1:]}".strip()
        return Answer(not found.missing, found.missing or "they can be read", step)

    return _attempt(ask, change)


def _public(environment: Environment, connections: Connections) -> Answer:
    change = ("correct public.url, or its certificate; where the name is not known here, public.connect_to (HOST:PORT) "
              "is dialled instead, and public.ca_file vouches for a private certificate")
    paths = [path for path, rule in environment.health.endpoints.items() if not rule.private] or ["/"]
    return _attempt(lambda: _compared(environment, {
        path: connections.http.request("GET", path).status for path in paths}), change)


def _compared(environment: Environment, statuses: Mapping[str, int]) -> Answer:
    """An answer is there; one with another status than the file declares is most likely not the application's."""
    rules = environment.health.endpoints
    wrong = [f"{path} answers {status}, not {rules[path].status} as declared" for path, status in statuses.items()
             if path in rules and status != rules[path].status]
    if not wrong:
        return Answer(True, "; ".join(f"{path} answers {status}" for path, status in statuses.items()))
    return Answer(False, "; ".join(wrong), "where the application runs, the proxy leads elsewhere: compare the address "
                  "that it passes requests to with the container's port; else correct health.endpoints in the file")


def _attempt(ask: Callable[[], Answer], change: str) -> Answer:
    try:
        return ask()
    except Inconclusive as error:
        return Answer(None, error.what, change)
    except RunbookError as error:
        ours = f"{change[:1].upper()}{change[1:]}" if error.next_step else change
        return Answer(False, error.what, " ".join(filter(None, (error.next_step, ours))))


def _browser() -> Answer:
    there = browser_program() is not None
    return Answer(there, "" if there else "no Chromium on this machine",
                  "install Chromium here (Debian: apt-get install chromium)")


def _secrets(environment: Environment, secrets: Mapping[str, object]) -> Answer:
    missing = [name for name in environment.server_secrets if name not in secrets]
    return Answer(not missing, f"not available here: {', '.join(missing)}" if missing else "all are available",
                  "give the values that are in use in the process environment or in secrets_file, mode 0600; or "
                  "required: false for each that no deployment has to deliver")
