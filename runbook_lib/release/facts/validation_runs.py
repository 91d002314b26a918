"""Which runs a release's mounted configuration needs, read from Compose's own view of its services. Pure.

What is mounted where is asked of Compose: no list of ours says which files a release has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runbook_lib.release.facts.service_limits import limits_of

TREE = "@TREE@"  # the folder that the release is laid out in, on the server
IMAGE_ENTRYPOINT = "@IMAGE@"  # the entrypoint that the image itself names
Mode = Literal["check", "start", "read"]
# by the last part of an image's name, a service's name, or a word of its command; exporters read none of these files
PROGRAMS = ("nginx", "prometheus", "alertmanager", "grafana", "postgres", "redis")
IN_MEMORY = "/postgresql/data"  # syncing a new database to the disk takes longer than making it
_FIRST_MEMORY = 512 * 1024**2
# a capability that Docker gives to every container is no more than the service will have itself
_CAPABILITIES = frozenset({
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
    "SETUID", "SYS_CHROOT",
})
Service = Mapping[str, Any]


@dataclass(frozen=True)
class ValidationRun:
    """One container to try: `options` for `docker run`, the command, and what tells that a started one is ready.

    `sources` are the folders and files of the release that it reads. Mode "read" has no container: the text itself is
    read back.
    """

    service: str
    program: str
    mode: Mode
    image: str
    sources: tuple[str, ...]
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The run as `programs/configuration.sh` reads it."""
        return (self.service, self.mode, self.image, ":".join(self.sources), self.program, str(len(self.ready)),
                *self.ready, str(len(self.options)), *self.options, *self.command)


def runs_of(services: Mapping[str, Service], absent: Iterable[str] = ()) -> tuple[ValidationRun, ...]:
    """The runs of a release's services. Of one that the environment does not run, only what needs no container."""
    left_out = frozenset(absent)
    found: list[ValidationRun] = []
    for name, service in services.items():
        program, sources = program_of(name, service), tuple(source for source, _ in mounted(service))
        if not sources or program is None:
            continue
        found += [one for one in _runs(name, program, service, sources, tuple(services))
                  if name not in left_out or one.mode == "read"]
    return tuple(found)


def unknown_services(services: Mapping[str, Service]) -> dict[str, tuple[str, ...]]:
    """Services that mount files of the release, and for which no run is known: name to what they mount."""
    return {name: tuple(source for source, _ in mounted(service)) for name, service in services.items()
            if program_of(name, service) is None and mounted(service)}


def program_of(name: str, service: Service) -> str | None:
    """The program that a service runs, by its image's name, its own name or its command; None for another one."""
    image = str(service.get("image", "")).partition("@")[0].rsplit("/", 1)[-1].partition(":")[0]
    if "exporter" in f"{name} {image}":
        return None
    command = " ".join([*_words(service.get("entrypoint")), *_words(service.get("command"))])
    for text in (image, name, command):
        found = next((one for one in PROGRAMS if re.search(rf"(?<![a-z]){one}", text.lower())), None)
        if found:
            return found
    return None


def mounted(service: Service) -> list[tuple[str, str]]:
    """Source in the release and target in the container of every bind mount of the project's own folder.

    `.runbook/` belongs to the runbooks and not to a release.
    """
    return [(str(volume["source"]), str(volume["target"])) for volume in service.get("volumes") or ()
            if volume.get("type") == "bind" and not str(volume["source"]).startswith(("/", ".runbook"))]


def options_of(service: Service, names: Iterable[str] = ()) -> tuple[str, ...]:
    """`docker run` options: the service's own mounts, user, limits and variables, without network and data.

    `names` are services that its configuration may name; each is given an address that answers nothing.
    """
    limits = limits_of(service)
    memory = str(limits.memory_bytes or _FIRST_MEMORY)
    capabilities = [one for one in service.get("cap_add") or () if one in _CAPABILITIES]
    options = [
        "--network", "none", "--memory", memory, "--memory-swap", memory, "--cpus", f"{limits.cpus or 1:g}",
        "--pids-limit", str(limits.pids or 256), "--security-opt", "no-new-privileges:true",
        *(word for host in names for word in ("--add-host", f"{host}:127.0.0.1")),
        *(word for name, value in (service.get("environment") or {}).items() if value is not None
          for word in ("--env", f"{name}={_unescaped(str(value))}")),
        *_mount_options(service),
    ]
    if "ALL" in (service.get("cap_drop") or ()):
        options += ["--cap-drop", "ALL", *(word for one in capabilities for word in ("--cap-add", one))]
    options += ["--read-only"] if service.get("read_only") else []
    for key, option in (("user", "--user"), ("working_dir", "--workdir"), ("shm_size", "--shm-size")):
        options += [option, str(service[key])] if service.get(key) else []
    return tuple(options)


def _mount_options(service: Service) -> list[str]:
    options = []
    for volume in service.get("volumes") or ():
        source, target = str(volume.get("source", "")), str(volume["target"])
        if volume.get("type") == "bind" and not source.startswith("/"):
            options += ["--mount", f"type=bind,source={TREE}/{source},target={target},readonly"]
        elif volume.get("type") == "bind" and volume.get("read_only"):
            options += ["--mount", f"type=bind,source={source},target={target},readonly"]  # certificates
        elif volume.get("type") == "volume" and not target.endswith(IN_MEMORY):
            # as Compose makes a new one: with the owner that the image gives the folder. It goes with the container
            options += ["--mount", f"type=volume,target={target}"]
        else:  # logs, and a database that is made anew for each run: empty and in memory
            options += ["--tmpfs", f"{target}:mode=1777"]
    for place in service.get("tmpfs") or ():
        options += ["--tmpfs", str(place)]
    return options


def _runs(name: str, program: str, service: Service, sources: tuple[str, ...],
            names: tuple[str, ...]) -> list[ValidationRun]:
    image = str(service.get("image", ""))
    command = " ".join(_words(service.get("command")))

    def check(*words: str) -> ValidationRun:
        return ValidationRun(name, program, "check", image, sources, options_of(service, names), words)

    match program:
        case "nginx":
            file = re.search(r"\bnginx\b[^;&|]*?\s-c\s+(\S+)", command)
            # -T shows what it has read as well: the zones of its rate limit
            return [check("nginx", "-T", *(("-c", file[1]) if file else ()))]
        case "prometheus":
            file = re.search(r"--config\.file[= ](\S+)", command)
            return [check("promtool", "check", "config", file[1] if file else "/etc/prometheus/prometheus.yml")]
        case "grafana":
            return [ValidationRun(name, program, "read", image, sources), _start(name, program, service, sources)]
    return [_start(name, program, service, sources)]


def _start(name: str, program: str, service: Service, sources: tuple[str, ...]) -> ValidationRun:
    entrypoint, command = _words(service.get("entrypoint")), _words(service.get("command"))
    own = (*entrypoint, *command) if entrypoint else (IMAGE_ENTRYPOINT, *command)
    return ValidationRun(name, program, "start", str(service.get("image", "")), sources, options_of(service), own,
                 _health(service))


def _health(service: Service) -> tuple[str, ...]:
    test = (service.get("healthcheck") or {}).get("test") or []
    words = [_unescaped(str(one)) for one in ([test] if isinstance(test, str) else test)]
    match words:
        case ["CMD", *rest]:
            return tuple(rest)
        case ["CMD-SHELL", line] | [line]:
            return ("sh", "-c", line)
    return ()


def _words(command: object) -> tuple[str, ...]:
    if isinstance(command, str):
        return (_unescaped(command),)
    return tuple(_unescaped(str(one)) for one in command) if isinstance(command, list) else ()


def _unescaped(text: str) -> str:
    """Compose prints each dollar sign twice, so that its output can be read again."""
    return text.replace("$$", "$")
