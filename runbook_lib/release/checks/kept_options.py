"""What a service's options give it by the live release's Compose file, and no longer by the new one's. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

# lists and mappings of names, and what a service is without, where one of them is gone
_NAMED = {
    "devices": "device", "group_add": "group", "secrets": "secret", "configs": "config", "sysctls": "sysctl",
}
_EVERY = "ALL"  # capabilities
# ulimits of which the engine gives little: gone, they are smaller
_BOUNDED = ("memlock", "msgqueue", "nice", "rtprio", "sigpending", "stack")


def lost_options(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """A line for each option that is gone or gives less; values only of what names hosts."""
    yield from _capabilities(service, before)
    for key, word in _NAMED.items():
        gone = sorted(_names(before, key) - _names(service, key))
        if gone:
            yield f"no {word} {', '.join(gone)}"
    in_memory = sorted(_in_memory(before) - _in_memory(service) - _mounted(service))
    if in_memory:
        yield f"no tmpfs at {', '.join(in_memory)}"
    if before.get("privileged") and not service.get("privileged"):
        yield "privileged is gone"
    yield from _hosts(service, before)
    yield from _networks(service, before)
    yield from _log(service, before)
    yield from _limits(service, before)
    user, known = str(service.get("user") or ""), str(before.get("user") or "")
    if user != known and _kept(service) and user.partition(":")[0] not in ("root", "0"):
        yield (f"user {user or 'of the image'} ({known or 'of the image'} now): it may not write what it has in its "
               "volumes")


def _names(service: Mapping[str, Any], key: str) -> frozenset[str]:
    given = service.get(key) or ()
    if isinstance(given, str):
        given = [given]
    # with options: `/tmp:mode=1777`, `/dev/ttyUSB0:/dev/ttyUSB0:rwm`
    return frozenset(str(one.get("target") or one.get("source")) if isinstance(one, Mapping) else
                     str(one).partition(":")[0] for one in given)


def _capabilities(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now, then = (_capability_names(one, "cap_add") for one in (service, before))
    gone = sorted(then - now) if _EVERY not in now and not service.get("privileged") else []
    if gone:
        yield f"no capability {', '.join(gone)}"
    now, then = (_capability_names(one, "cap_drop") for one in (service, before))
    dropped = sorted(now - then) if _EVERY not in then else []
    if dropped:
        yield f"cap_drop {', '.join(dropped)} in the release"


def _capability_names(service: Mapping[str, Any], key: str) -> frozenset[str]:
    """As the engine reads them: with or without CAP_, in letters of either size."""
    return frozenset(one.upper().removeprefix("CAP_") for one in _names(service, key))


def _in_memory(service: Mapping[str, Any]) -> frozenset[str]:
    """Paths of `tmpfs`, in its short form and as a volume of that type."""
    long = (one.get("target") for one in _mounts(service) if one.get("type") == "tmpfs")
    return frozenset(map(posixpath.normpath, (*_names(service, "tmpfs"), *map(str, long))))


def _mounted(service: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(posixpath.normpath(str(one.get("target"))) for one in _mounts(service))


def _mounts(service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in service.get("volumes") or () if isinstance(one, Mapping)]


def _hosts(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now, then = _addresses(service), _addresses(before)
    for name in sorted(then):
        if name not in now:
            yield f"no extra_hosts {name}"
        elif now[name] != then[name]:
            yield f"extra_hosts {name} is {', '.join(sorted(now[name]))} ({', '.join(sorted(then[name]))} now)"
    for key in ("dns", "dns_search"):
        one, other = (", ".join(_listed(given, key)) for given in (service, before))
        if one != other:
            yield f"{key} {one or 'of the engine'} ({other or 'of the engine'} now): names may not be found"


def _addresses(service: Mapping[str, Any]) -> dict[str, set[str]]:
    """Addresses by name, in either of the forms that Compose prints."""
    given, found = service.get("extra_hosts") or (), dict[str, set[str]]()
    if isinstance(given, Mapping):
        return {str(name): set(map(str, one if isinstance(one, list) else [one])) for name, one in given.items()}
    for one in map(str, given):
        name, _, address = one.partition("=" if "=" in one else ":")
        found.setdefault(name, set()).add(address)
    return found


def _networks(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now, then = (_joined(one) for one in (service, before))
    for name in sorted(then):
        if name not in now:
            yield f"no network {name}"
        elif gone := sorted(then[name] - now[name]):
            yield f"no alias {', '.join(gone)} in network {name}"


def _joined(service: Mapping[str, Any]) -> dict[str, set[str]]:
    given = service.get("networks") or {}
    if not isinstance(given, Mapping):
        return {str(name): set() for name in given}
    return {str(name): set(map(str, (one or {}).get("aliases") or ())) for name, one in given.items()}


def _log(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now, then = ((one.get("logging") or {}) for one in (service, before))
    # `local` is bounded in any case, other drivers keep the log elsewhere; of none at all another check speaks
    size = (then.get("options") or {}).get("max-size")
    if size and now.get("driver") in (None, "json-file") and not (now.get("options") or {}).get("max-size"):
        yield f"no max-size of its log ({size} now): it may fill the disk"


def _limits(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    for name, given in sorted((service.get("ulimits") or {}).items()):
        now, then = _soft(given), _soft((before.get("ulimits") or {}).get(name))
        # of open files another check knows what is in force
        if name != "nofile" and now is not None and now >= 0 and (then is None or then < 0 or now < then):
            yield f"ulimits.{name} {now} ({'of the engine' if then is None else then} now)"
    for name in _BOUNDED:
        then = _soft((before.get("ulimits") or {}).get(name))
        if then is not None and name not in (service.get("ulimits") or {}):
            yield f"ulimits.{name} of the engine ({then} now)"


def _soft(given: object) -> int | None:
    value = given.get("soft") if isinstance(given, Mapping) else given
    return int(str(value)) if value is not None else None


def _kept(service: Mapping[str, Any]) -> bool:
    """Whether it has a place to write that outlives its container."""
    return any(not one.get("read_only") and one.get("type") in ("volume", "bind") for one in _mounts(service))


def _listed(service: Mapping[str, Any], key: str) -> list[str]:
    given = service.get(key) or ()
    return [given] if isinstance(given, str) else list(map(str, given))
