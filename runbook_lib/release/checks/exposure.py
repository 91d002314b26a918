"""Does the release open the environment to the world, or the server to a container? Pure.

Judged on what Compose resolved (includes, extensions, ranges and every profile), never on the text of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from runbook_lib.core.findings import Finding, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.release.facts.missing_files import on_the_server
from runbook_lib.release.facts.repository import ComposeConfig

CORRECT = "Correct the Compose file in the release; or parameters/environments, with the reason."
# with one of these a process is root on the server, or reads what other containers keep
HOST_CAPABILITIES = frozenset(("ALL", "BPF", "DAC_READ_SEARCH", "NET_ADMIN", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE",
                               "SYS_PTRACE", "SYS_RAWIO", "SYSLOG"))
HOST_NAMESPACES = ("cgroup", "ipc", "pid", "userns_mode", "uts")
HOST_KEYS = ("device_cgroup_rules", "devices", "use_api_socket", "volumes_from")
# who can write to one of these, or to a folder around it, owns the server; the engine's socket even when read-only
HOST_PATHS = ("/run/docker.sock", "/run/containerd", "/run/podman", "/run/systemd", "/var/lib/docker",
              "/var/lib/containerd", "/etc/docker", "/etc/ssh", "/etc/shadow", "/etc/cron.d", "/etc/systemd",
              "/etc/sudoers.d", "/root", "/boot", "/dev", "/proc", "/sys")
HOMES = re.compile(r"/home(/[^/]+)?|/home/[^/]+/\.(ssh|docker|gnupg|aws|kube)(/.*)?")


def exposure(config: ComposeConfig, environment: Environment, links: Mapping[str, str] | None = None,
             ) -> tuple[Finding, ...]:
    """Published ports, networks, privileges and mounts of every service. `links` are the release's symbolic links.

    Of an application of others, those that a profile which is not active keeps from running are its owners' tools.
    """
    config = replace(config, services=_started(config, environment))
    return (
        _none(_only_published(environment), _published(config, environment)),
        *_unreachable(config, environment),
        _in_networks(config, environment),
        _none("no container has privileges over the server", _privileges(config)),
        _none("no container mounts the engine's socket or the system's folders", _mounts(config, environment, links)),
    )


def _started(config: ComposeConfig, environment: Environment) -> dict[str, dict[str, Any]]:
    named = {one for name, service in environment.services.items() for one in service.containers(name)}
    active = {None, *environment.compose.profiles}
    return {name: one for name, one in config.services.items()
            if not environment.release.replaced or name in named or set(one.get("profiles") or (None,)) & active}


def _only_published(environment: Environment) -> str:
    public = " and ".join(_public(environment))
    return f"nothing but {public} is published by the Compose file" if public \
        else "the Compose file publishes no port, but on the server's own addresses"


def _none(check: str, wrong: Iterable[str]) -> Finding:
    faults = list(wrong)
    return finding(check, not faults, measured="; ".join(faults) or "yes", expected="yes", next_step=CORRECT)


def _published(config: ComposeConfig, environment: Environment) -> list[str]:
    known = environment.services
    open_ports = {name: known[name].ports for name in _public(environment) if name in known}
    wrong = []
    for name, service in config.services.items():
        for port in service.get("ports", []):
            if _is_loopback(port.get("host_ip")):
                continue
            # its status page is on a port of its own, which is not for the world
            if port.get("target") in open_ports.get(name, ()):
                continue
            # without a number the engine chooses one: it is as open as any
            wrong.append(f"{name}: {port.get('published') or 'a port that the engine chooses'}")
    return wrong


def _unreachable(config: ComposeConfig, environment: Environment) -> tuple[Finding, ...]:
    """What users come to is open to them: asked first, because the release would work, and no user reach it."""
    services = {name: config.services[name] for name in _public(environment) if name in config.services}
    return tuple(_none(f"the Compose file publishes a port of {name}",
                       [] if _is_open(one, name, environment) else [f"{name}: no port that users reach"])
                 for name, one in services.items())


def _is_open(service: dict[str, Any], name: str, environment: Environment) -> bool:
    # of an application of others, what the file does not call published may lie behind a proxy of the server's own
    inside = environment.release.replaced and not environment.services[name].published
    ports = (one for one in service.get("ports") or () if inside or not _is_loopback(one.get("host_ip")))
    # on the server's own network it needs no port of Compose's
    return any(True for _ in ports) or service.get("network_mode") == "host"


def _public(environment: Environment) -> list[str]:
    """What users reach: the services that the file calls published, or the proxy in front of all."""
    published = [name for name, one in environment.services.items() if one.published]
    return published or [environment.proxy_service] * bool(environment.proxy_service)


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "0.0.0.0").is_loopback
    except ValueError:
        return False


def _in_networks(config: ComposeConfig, environment: Environment) -> Finding:
    """Without planned networks only what is wrong in any: the host's own, and drivers that reach beyond the server."""
    check, wrong = "every service is in the plan's networks", _networks(config, environment)
    if not wrong and not any(one.networks for one in environment.services.values()):
        return not_applicable(check, "the environment file says of no service in which networks it is")
    return _none(check, wrong)


def _networks(config: ComposeConfig, environment: Environment) -> list[str]:
    planned = {one: set(service.networks) for name, service in environment.services.items()
               for one in service.containers(name) if service.networks}
    on_host = {one for name, service in environment.services.items() if service.host_network_reason
               for one in service.containers(name)}
    wrong = []
    for name, service in config.services.items():
        mode = service.get("network_mode")
        if mode not in (None, "none"):
            # another one's of the same file, where none are planned for it: in which that one is, is asked of that one
            kind, _, other = str(mode).partition(":")
            shared = name not in planned and kind == "service" and other in config.services
            wrong += [] if shared or (mode == "host" and name in on_host) else [f"{name}: network_mode {mode}"]
            continue
        more = sorted(set(service.get("networks") or ()) - planned[name]) if name in planned else []
        wrong += [f"{name}: also in {', '.join(more)}"] if more else []
    for name, network in environment.networks.items():
        found = config.networks.get(name)
        if found is not None and network.internal and not found.get("internal"):
            wrong.append(f"{name}: not internal")
    wrong += [f"{name}: driver {network['driver']}" for name, network in config.networks.items()
              if (network or {}).get("driver", "bridge") not in ("bridge", "")]
    return wrong


def _privileges(config: ComposeConfig) -> list[str]:
    return [f"{name}: {fault}" for name, service in config.services.items() for fault in _privileges_of(service)]


def _privileges_of(service: dict[str, Any]) -> list[str]:
    faults = ["privileged"] if service.get("privileged") else []
    faults += [f"{key} host" for key in HOST_NAMESPACES if service.get(key) == "host"]
    faults += [key for key in HOST_KEYS if service.get(key)]
    added = {str(one).upper().removeprefix("CAP_") for one in service.get("cap_add") or ()}
    faults += [f"cap_add {one}" for one in sorted(added & HOST_CAPABILITIES)]
    faults += [f"security_opt {one}" for one in service.get("security_opt") or ()
               if str(one).replace("=", ":").endswith((":unconfined", ":disable"))]
    hooks = [one for key in ("post_start", "pre_stop") for one in service.get(key) or ()]
    return [*faults, *["a privileged hook"] * any(one.get("privileged") for one in hooks)]


def _mounts(config: ComposeConfig, environment: Environment, links: Mapping[str, str] | None) -> list[str]:
    permitted = {one: service.host_mounts for name, service in environment.services.items()
                 for one in service.containers(name)}
    wrong, directory = [], environment.server.directory
    for name, service in config.services.items():
        for source, read_only in _sources(service, config):
            path = on_the_server(source, directory, links or {})
            if _reaches_the_host(path, directory) and not (read_only and path in permitted.get(name, ())):
                wrong.append(f"{name}: {source}" + (f" ({path})" if path != source else ""))
    return wrong


def _sources(service: dict[str, Any], config: ComposeConfig) -> list[tuple[str, bool]]:
    """Paths of the server that a service gets, each with whether it is read-only."""
    found = []
    for mount in service.get("volumes") or ():
        source, read_only = str(mount.get("source", "")), bool(mount.get("read_only"))
        if mount.get("type") == "bind":
            found.append((source, read_only))
        elif mount.get("type") == "volume" and source in config.volumes:
            # a named volume of the local driver can be a folder of the server under another name
            device = ((config.volumes[source] or {}).get("driver_opts") or {}).get("device")
            found += [(str(device), read_only)] if device else []
    for kind in ("configs", "secrets"):
        files = getattr(config, kind)
        found += [(str(files[one["source"]]["file"]), True) for one in service.get(kind) or ()
                  if (files.get(one.get("source")) or {}).get("file")]
    return found


def _reaches_the_host(path: str, directory: str) -> bool:
    inside = path.rstrip("/") + "/"
    if inside.startswith(directory.rstrip("/") + "/"):
        return False  # the release's own files, wherever the project lies
    # the folder itself, one around it, or one inside it
    return any(inside.startswith(f"{one}/") or f"{one}/".startswith(inside) for one in HOST_PATHS) \
        or HOMES.fullmatch(path) is not None
