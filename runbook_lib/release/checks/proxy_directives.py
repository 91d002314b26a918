"""Does the release's nginx let through, protect and compress what the live one does? Pure.

No gate sees this: a body that is refused, an answer that is cut or a header that is gone is met by users whose
requests no test makes. All of it may be meant, so all of it is a warning.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.release.facts.proxy_directives import Directive, Proxy
from runbook_lib.release.facts.repository import ComposeConfig

# what holds where nothing is written. Source: nginx' manual, ngx_http_core_module and the modules of each upstream
_DEFAULTS = {"client_max_body_size": "1m", **dict.fromkeys((
    "client_body_timeout", "client_header_timeout", "send_timeout", "proxy_connect_timeout", "proxy_read_timeout",
    "proxy_send_timeout", "fastcgi_read_timeout", "uwsgi_read_timeout", "scgi_read_timeout", "grpc_read_timeout",
), "60s")}
_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_TIMES = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0,
          "M": 2592000.0, "y": 31536000.0}
_GUARDS = ("deny", "auth_basic", "auth_request", "internal", "ssl_verify_client", "return")
_REFUSALS = ("401", "403", "404", "410", "444")
_OPENINGS = (("allow", "all"), ("auth_basic", "off"), ("auth_request", "off"), ("ssl_verify_client", "off"),
             ("autoindex", "on"), ("satisfy", "any"))
_OTHER_PROXIES = ("traefik", "caddy", "haproxy", "envoy", "httpd", "kong")
_OLD_TLS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")
_EVERYWHERE = ""
_Place = tuple[str, str]  # server and location


def proxies_follow(proxies: Iterable[Proxy]) -> tuple[Finding, ...]:
    """Two findings a proxy that is live: what it lets through and compresses, and what it protects."""
    return tuple(found for one in proxies if one.live is not None for found in _findings(one, one.live))


def proxies_not_compared(config: ComposeConfig) -> tuple[Finding, ...]:
    """Each proxy of another program, by its image's name: that nothing here says anything about it."""
    programs = {name: str(one.get("image") or "").rpartition("/")[2].partition(":")[0].partition("@")[0]
                for name, one in sorted(config.services.items())}
    return tuple(Finding(f"limits and protection by {name}", Verdict.NOT_APPLICABLE,
                         f"not compared with what is live: of {program} nothing is read, neither files nor labels",
                         "only nginx' directives are compared",
                         "Read what the release changes of it: no gate sees a header or a password that is gone.")
                 for name, program in programs.items() if program in _OTHER_PROXIES)


def _findings(proxy: Proxy, live: tuple[Directive, ...]) -> tuple[Finding, Finding]:
    new = _comparable(proxy.release, live)
    old = tuple(one for one in live if one.server in {_EVERYWHERE, *(other.server for other in new)})
    new = tuple(one for one in new if one.server in {_EVERYWHERE, *(other.server for other in old)})
    limits = (*_lowered(new, old), *_sooner_refused(new, old), *_uncompressed(new, old))
    protection = (*_opened(new, old), *_lost_headers(new, old), *_older_tls(new, old))
    return (_finding(f"limits and compression of {proxy.service}", limits,
                     "no request that the live one takes is cut or refused"),
            _finding(f"protection by {proxy.service}", protection, "all that the live one has"))


def _comparable(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """The release's, where the only server of another name or port is the only one that is missing: that one."""
    new, old = ({one.server for one in of} for of in (release, live))
    if len(new - old) != 1 or len(old - new) != 1:
        return release
    other = (old - new).pop()
    return tuple(one if one.server in old else replace(one, server=other) for one in release)


def _finding(name: str, weaker: tuple[str, ...], expected: str) -> Finding:
    return Finding(name, Verdict.WARNING if weaker else Verdict.PASSED, "; ".join(weaker) or "as it is live", expected,
                   "If this is not meant, correct it in the release: no gate sees it." if weaker else "")


def _amount(name: str, words: str) -> float | None:
    """Bytes or seconds; endless for a size of 0; None for what cannot be computed, such as a variable."""
    if name == "client_max_body_size":
        found = re.fullmatch(r"(\d+)([kmg]?)", words.lower())
        return None if found is None else int(found[1]) * _SIZES[found[2]] or float("inf")
    parts = re.findall(r"(\d+)(ms|[smhdwMy]?) ?", words)
    return sum(int(number) * _TIMES[unit] for number, unit in parts) if parts else None


def _lowered(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> Iterator[str]:
    """Sizes and times that are less than they are live, by the place where they hold."""
    new, old = _written(release), _written(live)
    for (server, location), name in sorted({*new, *old}):
        words, before = (_in_force(known, server, location, name) for known in (new, old))
        amount, earlier = _amount(name, words), _amount(name, before)
        if amount is not None and earlier is not None and amount < earlier:
            yield f"{name} {words}{_at(location)} (live: {before})"


def _written(directives: Iterable[Directive]) -> dict[tuple[_Place, str], str]:
    """The smallest that is written of each name, by place."""
    found: dict[tuple[_Place, str], list[str]] = defaultdict(list)
    for one in directives:
        if one.name in _DEFAULTS:
            found[(one.server, one.location), one.name].append(one.words)
    return {at: min(words, key=lambda one: _amount(at[1], one) or 0) for at, words in found.items()}


def _around(server: str, location: str) -> tuple[_Place, ...]:
    """The place itself, then those that surround it: what is written in the innermost counts."""
    return ((server, location), (server, _EVERYWHERE), (_EVERYWHERE, _EVERYWHERE))


def _in_force(written: Mapping[tuple[_Place, str], str], server: str, location: str, name: str) -> str:
    around = _around(server, location)
    return next((written[place, name] for place in around if (place, name) in written), _DEFAULTS[name])


def _sooner_refused(release: Iterable[Directive], live: Iterable[Directive]) -> Iterator[str]:
    """A zone whose burst or number of connections is less, or that holds where it did not; by zone and place."""
    new, old = ({(one.server, one.location, one.name, _zone(one.words)): one.words for one in of
                 if one.name in ("limit_req", "limit_conn")} for of in (release, live))
    for (server, location, name, zone), words in sorted(new.items()):
        before = next((old[server, around, name, zone] for around in (location, _EVERYWHERE)
                       if (server, around, name, zone) in old), None)
        if before is None or _queued(words) < _queued(before):
            yield f"{name} {words}{_at(location)} (live: {before or 'none'})"


def _zone(words: str) -> str:
    return words.split()[0] if words else ""


def _queued(words: str) -> tuple[int, int]:
    """How many more are taken than the rate allows, or at a time; then how many of these without a delay."""
    burst, most, delay = (re.search(pattern, words) for pattern in (r"burst=(\d+)", r"\S+ (\d+)$", r"delay=(\d+)"))
    taken = int(burst[1] if burst else most[1] if most else 0)
    return taken, taken if "nodelay" in words else int(delay[1]) if delay else 0


def _uncompressed(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> Iterator[str]:
    new, old = ({one.server for one in of if (one.location, one.name, one.words) == (_EVERYWHERE, "gzip", "on")}
                for of in (release, live))
    if old and not new:
        yield "gzip is off (live: on)"


def _opened(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> Iterator[str]:
    """What was refused or asked for a password, and is not any more."""
    guards = tuple(one for one in release if _is_guard(one))
    yield from (f"no {_directive(one)}" for one in dict.fromkeys(live) if _is_guard(one) and not _is_kept(one, guards))
    known = set(live)
    yield from (_directive(one) for one in dict.fromkeys(release)
                if (one.name, one.words) in _OPENINGS and one not in known)


def _is_kept(guard: Directive, guards: Iterable[Directive]) -> bool:
    """Whether one like it, or one that refuses everybody, stands in the same place or around every place."""
    here = tuple(one for one in guards if (one.server, one.location) in _around(guard.server, guard.location))
    return any((one.name, one.words) == ("deny", "all") or one.name == guard.name != "deny"
               or (one.name, one.words) == (guard.name, guard.words) for one in here)


def _is_guard(one: Directive) -> bool:
    return one.name in _GUARDS and one.words != "off" and (one.name != "return" or one.words in _REFUSALS)


def _lost_headers(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> Iterator[str]:
    """Headers that answers had. A place with an `add_header` of its own has none of those around it, or all of them
    where `add_header_inherit` (since 1.29.3) says so."""
    (new, new_ways), (old, old_ways) = ((_headers(one), _ways(one)) for one in (release, live))
    lost: dict[str, list[str]] = defaultdict(list)
    for server, location in sorted({(one.server, one.location) for one in (*release, *live)}):
        before, after = _in_answers(server, location, old, old_ways), _in_answers(server, location, new, new_ways)
        for key in before.keys() - after.keys():
            lost[before[key]].append(location)
    for header, places in sorted(lost.items()):
        yield f"no header {header}" + ("" if _EVERYWHERE in places else _at(", ".join(dict.fromkeys(places))))


def _in_answers(server: str, location: str, headers: Mapping[_Place, Mapping[str, str]],
                ways: Mapping[_Place, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    around = _around(server, location)
    for number, place in enumerate(around):
        found = {**headers.get(place, {}), **found}
        way = next((ways[one] for one in around[number:] if one in ways), "on")
        if way == "off" or (found and way == "on"):
            break
    return found


def _ways(directives: Iterable[Directive]) -> dict[_Place, str]:
    return {(one.server, one.location): one.words for one in directives if one.name == "add_header_inherit"}


def _headers(directives: Iterable[Directive]) -> dict[_Place, dict[str, str]]:
    """By place, the names as they are written by their lower case."""
    found: dict[_Place, dict[str, str]] = defaultdict(dict)
    for one in directives:
        if one.name == "add_header":
            found[one.server, one.location][one.words.lower()] = one.words
    return found


def _older_tls(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> Iterator[str]:
    new, old = ({version for one in of if one.name == "ssl_protocols" for version in one.words.split()}
                for of in (release, live))
    yield from (f"{version} is accepted" for version in _OLD_TLS if version in new - old)


def _directive(one: Directive) -> str:
    return f"{one.name} {one.words}".strip() + _at(one.location)


def _at(place: str) -> str:
    return f" in {place}" if place else ""
