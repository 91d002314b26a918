"""What a release changes of how services run, and no probe sees: it shows at the next crash, restart or load. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import readable_size
from runbook_lib.environment import Environment
from runbook_lib.environment.services import COLOURS
from runbook_lib.release.facts.health_timing import seconds_in
from runbook_lib.release.facts.repository import ComposeConfig
from runbook_lib.release.facts.running_services import SHM_BYTES, STOP_S, RunningService
from runbook_lib.release.facts.service_limits import limits_of

AS_NOW, DATA_FOLDER = "services run as they do now", "the database keeps its data folder"
CAN_FAIL = "health checks can fail"
_MEANT = "Where it is not meant, correct the Compose file in the release. No probe of a deployment can see it."
# the folder of the official image; in one below it nothing is found without the variable
_DEFAULT_DATA = "/var/lib/postgresql/data"
_ALWAYS_WELL = re.compile(r"(?:.*(?:\|\||;)\s*)?(?:/bin/|/usr/bin/)?(?:true|:|exit 0|echo(?: [\w'\" .-]*)?)\s*")


def services_run_as_now(config: ComposeConfig, running: Iterable[RunningService],
                        environment: Environment) -> tuple[Finding, ...]:
    """A warning where a release takes something away from a service that runs; nothing where it gives more."""
    live = {one.service: one for one in running if one.project == environment.project}
    planned = _with_planned_memory(environment)
    changed: dict[str, list[str]] = {}  # what most services of a file share is one line with all of their names
    for name, service in sorted(config.services.items()):
        now = live.get(name) or _of_the_other_colour(name, live)
        if now and (not environment.release.replaced or name in environment.release.services):
            for words in (*_changes(service, now, planned=name in planned), *_unprotected(service, now)):
                changed.setdefault(words, []).append(name)
    measured = "; ".join(f"{', '.join(names)}: {words}" for words, names in changed.items())
    return (Finding(AS_NOW, Verdict.WARNING, measured, "nothing is taken away", _MEANT),) if changed else ()


def data_folder_is_kept(config: ComposeConfig, running: Iterable[RunningService],
                        environment: Environment) -> tuple[Finding, ...]:
    """A failure where PGDATA names another folder: PostgreSQL makes a new, empty database there. Else nothing.

    A warning where the release does not name it and the live one lies below the image's own: a file of variables that
    only the server has may name it.
    """
    name = environment.database_service
    now = next((one.variables.get("PGDATA", "") for one in running
                if (one.project, one.service) == (environment.project, name)), "").rstrip("/")
    if not now or name not in config.services:
        return ()
    wanted = _variable(config.services[name], "PGDATA").rstrip("/")
    unset = not wanted and now.startswith(f"{_DEFAULT_DATA}/")
    return (finding(DATA_FOLDER, False, otherwise=Verdict.WARNING if unset else Verdict.FAILED,
                    measured=f"PGDATA {wanted or 'is not set'} in the release, {now} now", expected=f"PGDATA {now}",
                    next_step="Keep PGDATA in the release's Compose file: PostgreSQL begins empty in another folder."),
            ) if unset or wanted not in ("", now) else ()


def health_checks_can_fail(config: ComposeConfig) -> tuple[Finding, ...]:
    """A warning for health checks that always pass (`true`, `… || true`): each gate believes them. Else nothing."""
    always = [name for name, service in sorted(config.services.items())
              if _always_well(service.get("healthcheck") or {})]
    return (Finding(CAN_FAIL, Verdict.WARNING, f"passes whatever happens: {', '.join(always)}", "each of them",
                    "Let it ask the service something; what it answers decides whether a deployment goes on."),
            ) if always else ()


def _changes(service: Mapping[str, Any], now: RunningService, *, planned: bool) -> Iterator[str]:
    memory, shm = limits_of(service).memory_bytes or 0, int(service.get("shm_size") or 0) or SHM_BYTES
    stop_s = seconds_in(service.get("stop_grace_period"), STOP_S)
    files, hostname = _open_files(service), str(service.get("hostname") or "")
    if now.restart not in ("", "no") and _restart(service) == "no":
        yield f"restart is {now.restart} now, none in the release: it stays down after a crash or a boot of the server"
    if now.log != "none" and (service.get("logging") or {}).get("driver") == "none":
        yield "its log is kept nowhere (logging driver none)"
    if not planned and 0 < memory < now.memory_bytes:
        yield f"memory limit {readable_size(now.memory_bytes)} now, {readable_size(memory)} in the release"
    if shm < now.shm_bytes:
        yield f"shm_size {readable_size(now.shm_bytes)} now, {readable_size(shm)} in the release"
    if service.get("read_only") and not now.read_only:
        yield "read_only in the release: what it writes outside of its volumes fails"
    # Compose rounds to whole seconds
    if stop_s is not None and stop_s + 1 <= now.stop_s:
        yield f"stop_grace_period {now.stop_s:g} s now, {stop_s:g} s in the release: then it is killed"
    if str(service.get("stop_signal") or "").upper() in ("SIGKILL", "KILL", "9"):
        yield "stop_signal is SIGKILL: it ends in the middle of its work"
    if files and files < now.open_files:
        yield f"ulimits.nofile {now.open_files} now, {files} in the release"
    if now.containers > _count(service):
        yield f"containers: {now.containers} now, {_count(service)} in the release"
    # RabbitMQ and others keep their data below the name of their host; on the server's own network it is the server's
    if now.hostname and hostname != now.hostname and service.get("volumes") and not service.get("network_mode"):
        yield f"hostname {now.hostname} now, {hostname or 'none'} in the release: what is kept by it is not found"
    for name in ("TZ", "PGTZ"):
        wanted = _variable(service, name)
        if wanted and wanted != now.variables.get(name, wanted):
            yield f"{name} {now.variables[name]} now, {wanted} in the release: times without a zone shift"


def _unprotected(service: Mapping[str, Any], now: RunningService) -> Iterator[str]:
    """What keeps a process that was broken into from more: gone in the release."""
    user = str(service.get("user") or "")
    if _is_root(user) and now.user and not _is_root(now.user):
        yield f"runs as {now.user} now, as root in the release"
    if _forbids_privileges(now.security) and not _forbids_privileges(service.get("security_opt")):
        yield "no-new-privileges is gone"
    if "ALL" in now.dropped and "ALL" not in [str(one).upper() for one in service.get("cap_drop") or ()]:
        yield "cap_drop ALL is gone"
    if now.read_only and not service.get("read_only"):
        yield "read_only is gone: what is broken into can change its own files"


def _is_root(user: str) -> bool:
    return user.partition(":")[0] in ("root", "0")


def _forbids_privileges(options: Iterable[object] | None) -> bool:
    return any(re.fullmatch(r"no-new-privileges([:=]true)?", str(one)) for one in options or ())


def _restart(service: Mapping[str, Any]) -> str:
    """What Compose gives to the engine. Without `restart` it is the policy of `deploy`; that of none is "no"."""
    policy = (service.get("deploy") or {}).get("restart_policy")
    if service.get("restart") or policy is None:
        return str(service.get("restart") or "no")
    return "no" if policy.get("condition") == "none" else "always"


def _open_files(service: Mapping[str, Any]) -> int:
    given = (service.get("ulimits") or {}).get("nofile") or 0
    return int(given.get("soft") or 0) if isinstance(given, Mapping) else int(given)


def _count(service: Mapping[str, Any]) -> int:
    replicas = (service.get("deploy") or {}).get("replicas")
    scale = service.get("scale") if service.get("scale") is not None else replicas
    return 1 if scale is None else int(scale)


def _variable(service: Mapping[str, Any], name: str) -> str:
    given = service.get("environment") or {}
    return str(given.get(name) or "") if isinstance(given, Mapping) else ""


def _always_well(check: Mapping[str, Any]) -> bool:
    test = check.get("test")
    # one that is switched off is another check's
    if check.get("disable") or not test:
        return False
    first, *words = ["CMD-SHELL", test] if isinstance(test, str) else [str(one) for one in test]
    return first in ("CMD", "CMD-SHELL") and bool(_ALWAYS_WELL.fullmatch(" ".join(words)))


def _of_the_other_colour(name: str, live: Mapping[str, RunningService]) -> RunningService | None:
    """What of a service runs under the other colour: the release is compared with what users have."""
    base, _, colour = name.rpartition("-")
    return next((live[f"{base}-{one}"] for one in COLOURS if colour in COLOURS and f"{base}-{one}" in live), None)


def _with_planned_memory(environment: Environment) -> frozenset[str]:
    # the plan's own limits are another check's
    return frozenset(one for name, service in environment.services.items() if service.memory_bytes is not None
                     for one in service.containers(name))
