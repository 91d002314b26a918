"""A Compose project as it was found, in files or running: services, ports, limits, volumes; typed, read tolerantly."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runbook_lib.adopting.found_limits import cpus_of, memory_text
from runbook_lib.adopting.found_ports import datagrams_of, ports_of, published_as
from runbook_lib.adopting.given_secrets import secrets_given, variables_of_secrets
from runbook_lib.adopting.health_checks import HealthCheck, read_check
from runbook_lib.adopting.routing import Routing, routing_of
from runbook_lib.adopting.start_commands import is_locked, is_migrating

# what makes something and ends is called after it: `init`, `app-migrate`, `createbuckets`; or its image only migrates
_ONCE = re.compile(r"(?:^|[-_.])(?:init|initiali[sz]er|migrat(?:e|ion|ions|or)|setup|bootstrap|seed(?:er)?|install|"
                   r"create-?\w*|prepare)(?:$|[-_.])", re.I)
_MIGRATES = re.compile(r"(?:.*/)?(?:migrate/migrate|flyway|liquibase|dbmate|goose)(?:[:@].*)?", re.I)


@dataclass(frozen=True)
class Volume:
    """What is mounted: a named volume or a folder (`source`), at `target`. `named` is whether it is a volume."""

    source: str
    target: str
    named: bool
    read_only: bool = False


@dataclass(frozen=True)
class FoundService:
    """One service. `ports` are those inside the container, `published` the host's.

    `variables` are kept in memory alone; `filled_from` has the variables of Compose that each of them is made from.
    `exposed` is what its image exposes, where other services have the same image, or one alike.
    `may_end` is whether its file says that it is not started again when it ends, `restarts` that it is.
    """

    name: str
    image: str = ""
    built_from: str = ""
    ports: tuple[int, ...] = ()
    published: tuple[str, ...] = ()
    exposed: tuple[int, ...] = ()
    # ports inside the container that speak no TCP
    datagrams: tuple[int, ...] = ()
    # it has the server's own network
    on_host: bool = False
    routing: Routing = field(default_factory=Routing)
    check: HealthCheck = field(default_factory=HealthCheck)
    cpus: float | None = None
    memory: str | None = None
    networks: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    profiles: tuple[str, ...] = ()
    # those that wait until it has ended well: it runs once, and ends
    awaited_by: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    may_end: bool = False
    restarts: bool = False
    # a program that asks for a password by its start command
    locked: bool = False
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    filled_from: dict[str, str] = field(default_factory=dict, repr=False)
    # variables that are given to it as files, each with what of it they are
    given: dict[str, str] = field(default_factory=dict)
    # in whose network it lives
    shares: tuple[str, ...] = ()
    # a start command that speaks of it
    migrates_at_start: bool = False

    @property
    def health(self) -> str:
        """Its health check in words; empty where it has none."""
        return self.check.words

    @property
    def health_path(self) -> str:
        """The path that its health check asks; empty where it asks none."""
        return self.check.path

    @property
    def runs_once(self) -> bool:
        """Whether it runs once and ends: others wait for its end, or it is called so and is not started again."""
        named = _ONCE.search(self.name) or _MIGRATES.fullmatch(self.image)
        return bool(self.awaited_by or (named and not (self.restarts or self.health or self.ports)))

    @property
    def reached_by_users(self) -> bool:
        """Whether any of its ports is open to more than the server itself."""
        return bool(self.open_to_users)

    @property
    def open_to_users(self) -> tuple[str, ...]:
        """Those of `published` that more than the server itself reaches."""
        return tuple(one for one in self.published if not one.startswith(("127.", "::1:", "[::1]", "localhost:")))


@dataclass(frozen=True)
class FoundProject:
    """Services by name, networks with whether each is internal, and where all of it was found, in words.

    `name` is the project's, empty where nothing gives it; `name_from` is where it comes from. `idle` are services whose
    profiles are not active: they do not run, and are known all the same. `reads_files`: whether it was read from files.
    `configs` are files that it gives to services as configurations, `env_files` those that `--env-file` was given.
    """

    source: str
    services: dict[str, FoundService]
    networks: dict[str, bool]
    files: tuple[str, ...]
    name: str = ""
    name_from: str = ""
    idle: dict[str, FoundService] = field(default_factory=dict)
    folder: str = ""
    reads_files: bool = True
    configs: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()


def below(path: str, folder: str) -> str:
    """A file's path from the project's folder where it lies below that, else as it is."""
    return posixpath.normpath(path).removeprefix(f"{folder.rstrip('/')}/")


def services_of(model: Mapping[str, Any], unresolved: Mapping[str, Any], folder: str = "") -> dict[str, FoundService]:
    """The services of a resolved model, sorted by name. What has an unknown form is left out, never guessed.

    What is built in `folder` is named from there: the path of a checkout on one machine says nothing on another.
    """
    plain, resolved = _mapping(unresolved.get("services")), _mapping(model.get("services"))
    found = {name: _service(name, _mapping(one), _mapping(plain.get(name)), folder)
             for name, one in sorted(resolved.items())}
    files = variables_of_secrets(model, unresolved)
    return {name: replace(one, awaited_by=_awaiting(resolved, name), needs=_needs(resolved, found, name),
                          given=secrets_given(_mapping(resolved[name]), files))
            for name, one in found.items()}


def _needs(services: Mapping[str, Any], found: Mapping[str, FoundService], name: str) -> tuple[str, ...]:
    """The services that `name` needs while it runs. What only has to have ended before is none."""
    return tuple(other for other in sorted(_mapping(_mapping(services.get(name)).get("depends_on")))
                 if other in found and other != name and not _awaiting(services, other))


def _awaiting(services: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The services that start only when `name` has completed. Source: Compose file reference, depends_on."""
    return tuple(other for other, one in sorted(services.items())
                 if _mapping(_mapping(_mapping(one).get("depends_on")).get(name)).get("condition")
                 == "service_completed_successfully")


def idle_services(model: Mapping[str, Any], unresolved: Mapping[str, Any]) -> dict[str, FoundService]:
    """Services that the files name and that do not run, by name; nothing of them is filled in."""
    running = _mapping(model.get("services"))
    return {name: one for name, one in services_of(unresolved, {}).items() if name not in running}


def networks_of(model: Mapping[str, Any]) -> dict[str, bool]:
    """The networks by name, and whether each has no way out of the server."""
    return {name: bool(_mapping(one).get("internal")) for name, one in _mapping(model.get("networks")).items()}


def _service(name: str, one: Mapping[str, Any], plain: Mapping[str, Any], folder: str) -> FoundService:
    ports = [_mapping(port) for port in _items(one.get("ports"))]
    routing = routing_of(variables_of(one.get("labels")), variables_of(one.get("environment")))
    limits = _mapping(_mapping(_mapping(one.get("deploy")).get("resources")).get("limits"))
    return FoundService(
        name,
        image=str(one.get("image") or ""),
        on_host=one.get("network_mode") == "host",
        datagrams=datagrams_of(ports),
        built_from=_context(one.get("build"), folder),
        ports=ports_of(ports, _items(one.get("expose")), _check_words(_mapping(one.get("healthcheck"))),
                       routing.port),
        published=tuple(dict.fromkeys(published for port in ports if (published := published_as(port)))),
        routing=routing,
        check=read_check(_mapping(one.get("healthcheck"))),
        cpus=cpus_of(limits.get("cpus") or one.get("cpus")),
        memory=memory_text(limits.get("memory") or one.get("mem_limit")),
        networks=tuple(_mapping(one.get("networks"))),
        volumes=tuple(_volume(volume) for volume in map(_mapping, _items(one.get("volumes")))
                      if volume.get("type") != "tmpfs"),  # it holds nothing that a backup could
        may_end=str(one.get("restart") or "").startswith(("no", "on-failure")),
        restarts=str(one.get("restart") or "") in ("always", "unless-stopped"),
        profiles=tuple(str(profile) for profile in _items(one.get("profiles"))),
        locked=is_locked(one.get("command"), one.get("entrypoint")),
        variables=variables_of(one.get("environment")),
        filled_from=variables_of(plain.get("environment")),
        shares=_sharing(one), migrates_at_start=is_migrating(one.get("command"), one.get("entrypoint")),
    )


def _check_words(check: Mapping[str, Any]) -> list[Any]:
    """None where it is turned off: what an extended service asked is not asked of this one."""
    return [] if check.get("disable") else _items(check.get("test"))


def _sharing(one: Mapping[str, Any]) -> tuple[str, ...]:
    """Source: Compose file reference, network_mode, pid and ipc."""
    found = (str(one.get(key) or "").partition("service:")[2] for key in ("network_mode", "pid", "ipc"))
    return tuple(dict.fromkeys(filter(None, found)))


def variables_of(environment: object) -> dict[str, str]:
    """Variables by name, from a mapping or from `NAME=value` lines; one without a value is left out."""
    if isinstance(environment, list):
        pairs = (str(line).partition("=") for line in environment)
        return {name: value for name, equals, value in pairs if equals}
    return {str(name): str(value) for name, value in _mapping(environment).items() if value is not None}


def configs_of(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The files of this machine that services are given as configurations. Source: Compose, configs."""
    files = (_mapping(one).get("file") for one in _mapping(model.get("configs")).values())
    return tuple(sorted(str(file) for file in files if file))


def contexts_of(model: Mapping[str, Any]) -> tuple[str, ...]:
    """The folders of this machine that services are built from, each once."""
    builds = (_mapping(_mapping(one).get("build")) for one in _mapping(model.get("services")).values())
    return tuple(sorted({str(one["context"]) for one in builds if str(one.get("context") or "").startswith("/")}))


def _context(build: object, folder: str) -> str:
    """The folder of a build, below the project's: `.` or `backend`; `another folder` outside of it; empty for none."""
    if not build:
        return ""
    context = str(_mapping(build).get("context") or ".") if isinstance(build, dict) else str(build)
    if "://" in context or context.startswith("git@"):
        return "a repository"  # its address may hold a token
    below = posixpath.relpath(context, folder) if folder and context.startswith("/") else context
    return "another folder" if below.startswith(("..", "/")) else below


def _volume(volume: Mapping[str, Any]) -> Volume:
    return Volume(str(volume.get("source") or ""), str(volume.get("target") or ""), volume.get("type") == "volume",
                  bool(volume.get("read_only")))


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
