"""A Compose project as it runs: containers by Compose's labels, read into the same form as files are."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runbook_lib.adopting.found_limits import memory_text
from runbook_lib.adopting.found_ports import OWN_PORT
from runbook_lib.adopting.health_checks import read_check
from runbook_lib.adopting.project import (
    FoundProject,
    FoundService,
    Volume,
    below,
    configs_of,
    idle_services,
    networks_of,
    services_of,
    variables_of,
)
from runbook_lib.adopting.routing import routing_of
from runbook_lib.adopting.start_commands import is_locked, is_migrating
from runbook_lib.core.errors import FactUnreadable, UsageError
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import lines_of, printable

LABEL = "com.docker.compose."
ENDED = "service_completed_successfully"


def parse_projects(text: str, folder: str) -> FoundProject:
    """The one project of a folder, from what `survey_projects.sh` printed.

    Raises UsageError where none or several were made from the folder, FactUnreadable for any other text.
    """
    known, mark, rest = text.partition("--- networks\n")
    networks, mark_2, rest = rest.partition("--- containers\n")
    containers, _, files = rest.partition("--- files\n")
    if not mark or not mark_2:
        raise FactUnreadable("The list of Compose projects came in an unknown form.",
                             next_step="Run `docker ps` on the server; an engine older than 20.10 is not supported.")
    pairs = [(line.partition("\t")[0], line.partition("\t")[2]) for line in lines_of(known) if line.strip()]
    names = sorted({name for name, where in pairs if where == folder})
    if len(names) != 1:
        raise _not_one(names, pairs, folder)
    try:
        found = read_json(containers) if containers.strip() else []
        builds = _builds(files)
        return with_files(_project(names[0], folder, found, networks, _alike(builds), set(builds)), files)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FactUnreadable(f"`docker inspect` replied in an unknown form ({type(error).__name__}).",
                             next_step="Run `docker inspect` on the server.") from error


def with_files(running: FoundProject, text: str) -> FoundProject:
    """The same project with what its Compose files say there; as it was where they could not be read.

    What runs knows its limits, its health checks and what is published; the files know the rest, as an adoption from
    the folder does: which variables are filled in, what is built, what runs once.
    """
    filled, _, written = text.partition("--- as written\n")
    model, unresolved = _mapping_in(filled), _mapping_in(written)
    if not model.get("services"):
        return running
    files = services_of(model, unresolved, running.folder)
    idle = idle_services(model, unresolved)
    known = {**{name: one for name, one in idle.items() if name in running.services}, **files}
    services = {name: _overlaid(one, running.services.get(name)) for name, one in known.items()}
    services = {**{name: one for name, one in running.services.items() if name not in known}, **services}
    return replace(running, services=dict(sorted(services.items())), networks=networks_of(model), reads_files=True,
                   configs=configs_of(model),
                   idle={name: one for name, one in idle.items() if name not in running.services})


def _overlaid(file: FoundService, running: FoundService | None) -> FoundService:
    if running is None:
        return file
    variables = {name: running.variables.get(name, value) for name, value in file.variables.items()}
    return replace(file, cpus=running.cpus, memory=running.memory, check=running.check,
                   published=running.published or file.published, variables=variables,
                   image=file.image or running.image, ports=file.ports or running.ports, exposed=running.exposed)


def _mapping_in(text: str) -> dict[str, Any]:
    try:
        found = read_json(text) if text.strip() else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _not_one(names: list[str], pairs: list[tuple[str, str]], folder: str) -> UsageError:
    if names:
        return UsageError(f"Several projects were started in that folder: {', '.join(map(printable, names))}.",
                          where=folder, next_step="Remove the one that is not meant, or adopt from the files.")
    others = ", ".join(sorted({printable(f"{where} ({name})") for name, where in pairs})) or "there are none"
    return UsageError("No container on the server was made by Compose in that folder.", where=folder,
                      next_step=f"Give the folder that Compose was called in. Those that have containers: {others}.")


def _project(name: str, folder: str, found: list[Any], networks: str, alike: set[str], built: set[str]) -> FoundProject:
    labels = found[0]["Config"]["Labels"]
    files = tuple(posixpath.relpath(one, folder) if one.startswith("/") else one
                  for one in labels.get(f"{LABEL}project.config_files", "").split(",")
                  if one and "/.runbook/" not in one)  # what a release of ours adds is none of the project's
    shared = _of_one_image(found) | alike | _exposing_alike(found, built)
    services = {one.name: one for one in (_service(each, name, shared) for each in found)}
    waiting = {one["Config"]["Labels"][f"{LABEL}service"]: _conditions(one) for one in found}
    numbers = {str(one.get("Id")): one["Config"]["Labels"][f"{LABEL}service"] for one in found}
    services = {one.name: replace(one, **_dependencies(one.name, waiting, services), shares=tuple(
        dict.fromkeys(numbers[number] for number in one.shares if number in numbers))) for one in services.values()}
    inside = [line.split() for line in lines_of(networks) if len(line.split()) == 2]
    return FoundProject(
        source="the server", services=dict(sorted(services.items())), files=files, name=name,
        networks={_short(net, name): internal == "true" for net, internal in inside},
        name_from="what runs on the server", folder=folder, reads_files=False,
        env_files=_env_files(labels, folder))


def _env_files(labels: Mapping[str, Any], folder: str) -> tuple[str, ...]:
    """What `--env-file` was given; nothing where that is what Compose reads unasked."""
    files = tuple(below(one, folder) for one in str(labels.get(f"{LABEL}project.environment_file", "")).split(",")
                  if one)
    return files if files != (".env",) else ()


def _of_one_image(found: list[Any]) -> set[str]:
    """Services that run an image which another one runs as well."""
    pairs = {(one["Config"]["Image"], one["Config"]["Labels"][f"{LABEL}service"]) for one in found}
    count = Counter(image for image, _ in pairs)
    return {service for image, service in pairs if count[image] > 1}


def _exposing_alike(found: list[Any], built: set[str]) -> set[str]:
    """Services that expose the same as another one does, in the same folder, and run another command: of one build,
    as far as containers show it. Those that the files build are known better.
    """
    commands: dict[str, dict[str, str]] = {}
    for one in found:
        config, service = one["Config"], one["Config"]["Labels"][f"{LABEL}service"]
        place = [config.get("WorkingDir") or "", config.get("Entrypoint") or [], config.get("User") or ""]
        if config.get("ExposedPorts") and any(place[:2]) and service not in built:
            commands.setdefault(repr((sorted(config["ExposedPorts"]), place)), {})[service] = repr(config.get("Cmd"))
    return {service for group in commands.values() if len(set(group.values())) > 1 for service in group}


def _conditions(one: Mapping[str, Any]) -> dict[str, str]:
    """What a container waits for, each with the condition. Source: Compose's label depends_on."""
    words = str(one["Config"]["Labels"].get(f"{LABEL}depends_on") or "").split(",")
    # name:condition:restart
    return {parts[0]: parts[1] for word in words if len(parts := word.strip().split(":")) >= 2}


def _dependencies(name: str, waiting: Mapping[str, Mapping[str, str]], services: Mapping[str, Any]) -> dict[str, Any]:
    """What others wait for of one service, and what it needs while it runs: as the files would say it."""
    ended = {other for each in waiting.values() for other, condition in each.items() if condition == ENDED}
    return {"awaited_by": tuple(sorted(other for other, each in waiting.items() if each.get(name) == ENDED)),
            "needs": tuple(sorted(other for other in waiting.get(name, {})
                                  if other in services and other != name and other not in ended))}


def _builds(text: str) -> dict[str, str]:
    """What makes the image of each service that the files build."""
    services = _mapping_in(text.partition("--- as written\n")[0]).get("services")
    builds = {name: _build(one) for name, one in (services if isinstance(services, dict) else {}).items()}
    return {name: one for name, one in builds.items() if one}


def _alike(builds: Mapping[str, str]) -> set[str]:
    """Services that are built as another one is: each has an image of its own name, with the same in it."""
    count = Counter(builds.values())
    return {name for name, one in builds.items() if count[one] > 1}


def _build(service: object) -> str:
    """What makes the image, in one text; empty where nothing is built. Arguments make none of another kind."""
    build = service.get("build") if isinstance(service, dict) else None
    if not isinstance(build, dict):
        return ""
    return repr([build.get(one) for one in ("context", "dockerfile", "dockerfile_inline", "target")])


def _service(one: Mapping[str, Any], project: str, shared: set[str]) -> FoundService:
    config, host = one["Config"], one["HostConfig"]
    check = config.get("Healthcheck") or {}
    bindings = host.get("PortBindings") or {}
    service = config["Labels"][f"{LABEL}service"]
    # what an image that several services run exposes is true of one of them: a worker listens nowhere
    exposed = (config.get("ExposedPorts") or {}) if service not in shared else {
        # without a protocol it is not the image's, but `expose` of the service itself
        **{port: {} for port in config.get("ExposedPorts") or {} if port.isdecimal()},
        **{port: {} for port, held in bindings.items() if held},
        **{f"{port}/tcp": {} for port in OWN_PORT.findall(" ".join(map(str, check.get("Test") or ())))}}
    routing = routing_of(config["Labels"], variables_of(config.get("Env")))
    ports = dict.fromkeys(filter(None, (routing.port, *_numbers(exposed))))
    restart = str((host.get("RestartPolicy") or {}).get("Name") or "")
    ended = (one.get("State") or {}).get("Status") == "exited"
    return FoundService(
        service, image=config["Image"], ports=tuple(ports),
        exposed=_numbers(config.get("ExposedPorts") or {}) if service in shared else (),
        restarts=restart in ("always", "unless-stopped"),
        may_end=restart == "on-failure" or (ended and restart in ("", "no")),
        published=tuple(sorted({":".join(filter(None, (each.get("HostIp"), str(each.get("HostPort")))))
                                for held in bindings.values() for each in held or ()})),
        check=read_check(check), cpus=(host.get("NanoCpus") or 0) / 1e9 or None,
        memory=memory_text(host.get("Memory") or 0),
        routing=routing,
        on_host=host.get("NetworkMode") == "host",
        networks=tuple(_short(net, project) for net in one["NetworkSettings"].get("Networks") or {}),
        volumes=tuple(Volume(_short(mount.get("Name") or mount.get("Source") or "", project),
                             mount.get("Destination", ""), mount.get("Type") == "volume", mount.get("RW") is False)
                      for mount in one.get("Mounts") or () if mount.get("Type") != "tmpfs"),
        # by its number here; by name once all are known
        shares=tuple(filter(None, (str(host.get(key) or "").partition("container:")[2]
                                   for key in ("NetworkMode", "PidMode", "IpcMode")))),
        migrates_at_start=is_migrating(config.get("Cmd"), config.get("Entrypoint")),
        locked=is_locked(config.get("Cmd"), config.get("Entrypoint")), variables=variables_of(config.get("Env")))


def _numbers(ports: Mapping[str, Any]) -> tuple[int, ...]:
    found = (port.partition("/") for port in ports)
    return tuple(sorted({int(number) for number, _, protocol in found if protocol in ("", "tcp")}))


def _short(name: str, project: str) -> str:
    """A volume's or network's name as the Compose file has it: without the project in front."""
    return name.removeprefix(f"{project}_")
