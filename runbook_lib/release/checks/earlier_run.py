"""Is this a first deployment, or does what ran here not run now? Pure.

A plan that takes the one for the other makes no backup, tests no compatibility, and its undo removes the project.
"""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import UPSTREAMS, Deployed
from runbook_lib.platform.facts.replaced_release import OVERRIDE

CHECK = "what ran here is running"
EXPECTED = "the database of an earlier release runs, or nothing ever ran here"
TROUBLED = ("restarting", "paused")
HISTORY = ".runbook/releases.jsonl"
OTHER_NAME = ("On the server, `docker compose ls --all` and `docker volume ls` show what there is: name that project "
              "in compose.project. Is a new environment with an empty database meant: set compose.existing to false.")


def earlier_run(environment: Environment, deployed: Deployed, containers: Iterable[Container], *,
                troubled: bool = False) -> Finding:
    """Release history, nginx's upstream file, volumes with data and containers: each means that something ran.

    Without its database running there is nothing to back up, nothing to test the old code on, and nothing to return to.
    `containers` are all of the project: a stopped one shows as well that something ran. Not applicable where the
    environment is declared to be without the database. With `troubled` a database that is paused, or starts again and
    again, is enough: that may be what a rollback is for.
    """
    name = environment.database_service
    if name in environment.absent_services:
        return not_applicable(CHECK, environment.absent_services[name])
    known = tuple(containers)
    if not name:
        return _without_database(environment, _traces(deployed, known))
    database = [one for one in known if one.service == name]
    running = [one for one in database if one.state == "running"]
    if len(running) > 1:
        return _of_several(environment, len(running))
    enough = ("running", *(TROUBLED if troubled else ()))
    present = sorted((one.state for one in database if one.state in enough), key=enough.index)
    if present:
        return finding(CHECK, True, measured=f"{name} is {present[0]}", expected=EXPECTED)
    traces = _traces(deployed, known)
    if not traces and environment.compose.existing:
        return _nothing_of(environment)
    if not traces:
        return finding(CHECK, True, measured="nothing ever ran here: a first deployment", expected=EXPECTED)
    if deployed.first_undone and not known:
        left = f"a first deployment was undone and left {', '.join(deployed.left_volumes)}"
        return Finding(CHECK, Verdict.WARNING, left, EXPECTED, "They are used as they are, with the passwords of that "
                       f"time. To begin anew: docker volume rm {' '.join(deployed.left_volumes)}")
    return finding(CHECK, False, measured=f"{name} does not run, but {'; '.join(traces)}", expected=EXPECTED,
                   next_step=_what_next(environment, deployed, known))


def _nothing_of(environment: Environment) -> Finding:
    return finding(CHECK, False, measured=f"no container and no data of the Compose project {environment.project}",
                   expected="an environment that exists already (compose.existing)", next_step=OTHER_NAME)


def _without_database(environment: Environment, traces: list[str]) -> Finding:
    # a slip in the project's name is the same mistake: other, empty volumes
    if not traces and environment.compose.existing:
        return _nothing_of(environment)
    return not_applicable(CHECK, environment.no_database_reason)


def _of_several(environment: Environment, number: int) -> Finding:
    name = environment.database_service
    return finding(CHECK, False, measured=f"{number} containers of {name} run", expected="one database",
                   next_step=f"On the server: docker compose -p {environment.project} ps {name}. Which one has the "
                   "application's data is not known: stop those that the release does not have.")


def _traces(deployed: Deployed, containers: Iterable[Container]) -> list[str]:
    # of any service: a database whose container was removed leaves the others
    by_state: dict[str, list[str]] = {}
    for one in containers:
        by_state.setdefault(one.state, []).append(one.service)
    states = " and ".join(f"{', '.join(names)} ({state})" for state, names in by_state.items())
    found = [f"there are containers: {states}"] if states else []
    if deployed.left_volumes:
        found.append(f"no container uses the data of {', '.join(deployed.left_volumes)}")
    if deployed.releases:
        last = deployed.releases[-1]
        found.append(f"{HISTORY} names {last.version}, live since {last.at:%Y-%m-%d %H:%M} UTC")
    if deployed.upstreams_text:
        found.append(f"{UPSTREAMS} sends the traffic to {deployed.live_colour or 'a colour'}")
    return found


def _what_next(environment: Environment, deployed: Deployed, containers: tuple[Container, ...]) -> str:
    """By what is left: start what is there, else get back what is missing, else say so and begin anew."""
    files = " ".join(f"-f {name}" for name in environment.compose.files)
    if environment.release.replaced:
        # without our override `up` would start what its owners had; and it makes anew what its Compose file changed
        if deployed.replaced and deployed.replaced.override_text:
            files += f" -f {OVERRIDE}"
        files = " ".join((*environment.compose.env_words, files))
        return (f"Start it again, on the server: cd {environment.server.directory} && docker compose -p "
                f"{environment.project} --project-directory . {files} "
                f"{'start' if containers else 'up --detach --wait'}; then run this again.")
    # with two files of variables named, Compose does not look for the application's own
    own = environment.compose.env_files or ((".env",) if environment.compose.has_own_env else ())
    ours = (environment.compose.variables_file, environment.compose.secrets_file)
    variables = " ".join(f"--env-file {name}" for name in (*own, *ours))
    # with a first file in a folder of its own, Compose would take that folder for the project's
    up = (f"on the server: cd {environment.server.directory} && docker compose -p {environment.project} "
          f"--project-directory . {files} {variables} up --detach --wait")
    has_files = bool(deployed.env_text) and deployed.secrets_sha256 is not None
    if containers or deployed.left_volumes:
        if has_files:
            return f"Start it again, {up}; then run this again."
        missing = [name for name, there in zip(ours, (deployed.env_text, deployed.secrets_sha256), strict=True)
                   if not there]
        return (f"Put {' and '.join(missing)} back from a backup of the configuration (33), then start it again, {up}; "
                "then run this again. Where the data are not wanted: docker volume rm.")
    # neither containers nor volumes of our name: they are elsewhere, or gone
    return ("Find out where it runs: `docker compose ls --all` and `docker volume ls` show other names and data; "
            f"started again under its own name, {up}. Where the data are lost: move {HISTORY}, {UPSTREAMS} and "
            f"{ours[0]} away, deploy with 20, then restore with 32.")
