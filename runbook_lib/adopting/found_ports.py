"""Ports of a service as Compose resolves them: where it listens, and what of it is open on the server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

OWN_PORT = re.compile(r"\b(?:localhost|127\.0\.0\.1)[:/](\d{2,5})\b")
HIGHEST = 65_535


def ports_of(ports: Iterable[Mapping[str, Any]], expose: Iterable[object], check: Iterable[object],
             routed: int = 0) -> tuple[int, ...]:
    """The TCP ports that it listens at, in order; `check` are the words of its health check.

    `routed` is the one to which a proxy sends users.
    """
    texts = [str(port.get("target") or "") for port in ports if not _is_udp(port)]
    texts += [str(port) for port in expose]
    if routed:  # in front of all others
        texts = [str(routed), *texts]
    if not texts:  # behind a proxy of its own: its health check knows where it listens
        texts = OWN_PORT.findall(" ".join(map(str, check)))
    numbers = (int(found[1]) for text in texts if (found := re.fullmatch(r"(\d{1,5})(?:/tcp)?", text)))
    return tuple(dict.fromkeys(number for number in numbers if 1 <= number <= HIGHEST))


def datagrams_of(ports: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """Those that speak no TCP: nothing can be asked there, and they may be open to users all the same."""
    numbers = (int(found[0]) for port in ports if _is_udp(port)
               and (found := re.fullmatch(r"\d{1,5}", str(port.get("target") or ""))))
    return tuple(dict.fromkeys(number for number in numbers if 1 <= number <= HIGHEST))


def published_as(port: Mapping[str, Any]) -> str:
    """`[address:]port` of the server; empty where it is not published."""
    if not port.get("published"):
        return ""
    return ":".join(str(part) for part in (port.get("host_ip"), port["published"]) if part)


def _is_udp(port: Mapping[str, Any]) -> bool:
    return str(port.get("protocol") or "tcp") != "tcp"
