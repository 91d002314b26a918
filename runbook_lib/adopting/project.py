"""A Compose project as it was found, in files or running: services, ports, limits, volumes; typed, read tolerantly."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MEGABYTE = 1024 * 1024
# curl needs no scheme: `curl localhost:8000/up`
_ASKED = re.compile(r"(?:https?://[^/\s'\"]+|(?<![\w./])(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?)"
                    r"(/[A-Za-z0-9._/-]*)")


OWN_PORT = re.compile(r"\b(?:localhost|127\.0\.0\.1)[:/](\d{2,5})\b")
# what makes something and ends is called after it: `init`, `app-migrate`, `createbuckets`
_ONCE = re.compile(r"(?:^|[-_.])(?:init|initiali[sz]er|migrat(?:e|ion|ions|or)|setup|bootstrap|seed(?:er)?|install|"
                   r"create-?\w*|prepare)(?:$|[-_.])", re.I)


@dataclass(frozen=True)
class Volume:
    """What is mounted: a named volume or a folder (`source`), at `target`. `named` is whether it is a volume."""

    source: str
    target: str
    named: bool
    read_only: bool = False


@dataclass(frozen=True)
class FoundService:
    """One service. `ports` are those inside the container, `published` the host's. `health` is its check in words.

    `variables` are kept in memory alone; `filled_from` has the variables of Compose that each of them is made from.
    `may_end` is whether its file says that it is not started again when it ends, `restarts` that it is.
    """

    name: str
    image: str = ""
    built_from: str = ""
    ports: tuple[int, ...] = ()
    published: tuple[str, ...] = ()
    health: str = ""
    health_path: str = ""
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
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    filled_from: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def runs_once(self) -> bool:
        """Whether it runs once and ends: others wait for its end, or it is called so and is not started again."""
        named = _ONCE.search(self.name) and not (self.restarts or self.health or self.ports)
        return bool(self.awaited_by or named)

    @property
    def reached_by_users(self) -> bool:
        """Whether any of its ports is open to more than the server itself."""
        return any(not one.startswith(("127.", "::1:", "[::1]", "localhost:")) for one in self.published)


@dataclass(frozen=True)
class FoundProject:
    """Services by name, networks with whether each is internal, and where all of it was found, in words.

    `name` is the project's, empty where nothing gives it; `name_from` is where it comes from. `idle` are services whose
    profiles are not active: they do not run, and are known all the same. `reads_files`: whether it was read from files.
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


def services_of(model: Mapping[str, Any], unresolved: Mapping[str, Any], folder: str = "") -> dict[str, FoundService]:
    """The services of a resolved model, sorted by name. What has an unknown form is left out, never guessed.

    What is built in `folder` is named from there: the path of a checkout on one machine says nothing on another.
    """
    plain, resolved = _mapping(unresolved.get("services")), _mapping(model.get("services"))
    found = {name: _service(name, _mapping(one), _mapping(plain.get(name)), folder)
             for name, one in sorted(resolved.items())}
    return {name: replace(one, awaited_by=_awaiting(resolved, name), needs=_needs(resolved, found, name))
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
    words, path = health_words(_mapping(one.get("healthcheck")))
    limits = _mapping(_mapping(_mapping(one.get("deploy")).get("resources")).get("limits"))
    return FoundService(
        name,
        image=str(one.get("image") or ""),
        built_from=_context(one.get("build"), folder),
        ports=_ports(one),
        published=tuple(dict.fromkeys(published for port in _items(one.get("ports"))
                                      if (published := _published(_mapping(port))))),
        health=words, health_path=path,
        cpus=cpus_of(limits.get("cpus") or one.get("cpus")),
        memory=memory_text(limits.get("memory") or one.get("mem_limit")),
        networks=tuple(_mapping(one.get("networks"))),
        volumes=tuple(_volume(_mapping(volume)) for volume in _items(one.get("volumes"))),
        may_end=str(one.get("restart") or "").startswith(("no", "on-failure")),
        restarts=str(one.get("restart") or "") in ("always", "unless-stopped"),
        profiles=tuple(str(profile) for profile in _items(one.get("profiles"))),
        variables=variables_of(one.get("environment")),
        filled_from=variables_of(plain.get("environment")),
    )


def variables_of(environment: object) -> dict[str, str]:
    """Variables by name, from a mapping or from `NAME=value` lines; one without a value is left out."""
    if isinstance(environment, list):
        pairs = (str(line).partition("=") for line in environment)
        return {name: value for name, equals, value in pairs if equals}
    return {str(name): str(value) for name, value in _mapping(environment).items() if value is not None}


def health_words(check: Mapping[str, Any]) -> tuple[str, str]:
    """A health check in words and the path that it asks; both empty where there is none. Its command is not shown:
    it may hold a password."""
    test = check.get("test") or check.get("Test") or ()
    text = test if isinstance(test, str) else " ".join(map(str, test))
    if not text.strip() or check.get("disable") or text.split()[:1] == ["NONE"]:
        return "", ""
    url = _ASKED.search(text)
    if url:
        return f"{url[1]} answers", url[1]
    known = re.search(r"\b(pg_isready|redis-cli|valkey-cli|mysqladmin|rabbitmq-diagnostics|nc|wget|curl)\b", text)
    return f"{known[1]} inside its container" if known else "a program inside its container", ""


def cpus_of(value: object) -> float | None:
    """Processors from Compose's text or number; None where there is no limit."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def memory_text(value: object) -> str | None:
    """A memory limit as environment files write it; None where there is none, or it has no whole megabytes."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKmMgG]?)(?:i?[bB])?\s*", str(value)) if value else None
    if found is None:
        return None
    size = float(found[1]) * {"": 1, "k": 1024, "m": MEGABYTE, "g": 1024 * MEGABYTE}[found[2].lower()]
    megabytes = int(size // MEGABYTE)
    if megabytes < 1 or size % MEGABYTE:
        return None
    return f"{megabytes // 1024}GB" if megabytes % 1024 == 0 else f"{megabytes}MB"


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


def _ports(one: Mapping[str, Any]) -> tuple[int, ...]:
    texts = [str(_mapping(port).get("target") or "") for port in _items(one.get("ports"))]
    texts += [str(port) for port in _items(one.get("expose"))]
    if not texts:  # behind a proxy of its own: its health check knows where it listens
        texts = OWN_PORT.findall(" ".join(map(str, _items(_mapping(one.get("healthcheck")).get("test")))))
    numbers = (int(found[1]) for text in texts if (found := re.fullmatch(r"(\d{1,5})(?:/tcp)?", text)))
    return tuple(dict.fromkeys(number for number in numbers if 1 <= number <= 65_535))


def _published(port: Mapping[str, Any]) -> str:
    if not port.get("published"):
        return ""
    return ":".join(str(part) for part in (port.get("host_ip"), port["published"]) if part)


def _volume(volume: Mapping[str, Any]) -> Volume:
    return Volume(str(volume.get("source") or ""), str(volume.get("target") or ""), volume.get("type") == "volume",
                  bool(volume.get("read_only")))


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
