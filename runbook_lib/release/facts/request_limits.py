"""How many requests a minute the proxy's configuration lets through, of a release and of what is live. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runbook_lib.release.facts.proxy_directives import Directive, Proxy

_MINUTE_OF = {"s": 60, "m": 1}
_ZONE = re.compile(r"(?:^| )zone=([^ :]+)")
_RATE = re.compile(r"(?:^| )rate=(\d+)r/([sm])(?: |$)")


@dataclass(frozen=True)
class RequestLimits:
    """The zones of nginx' `limit_req_zone`: name to requests a minute. `live` is None where it is not known."""

    service: str
    zones: Mapping[str, int] = field(default_factory=dict)
    live: Mapping[str, int] | None = None


def request_limits(proxy: Proxy) -> RequestLimits:
    """The zones of a proxy. Source: nginx' manual, ngx_http_limit_req_module."""
    live = None if proxy.live is None else _zones(proxy.live)
    return RequestLimits(proxy.service, _zones(proxy.release), live)


def _zones(directives: Iterable[Directive]) -> dict[str, int]:
    """Those that are written as nginx writes them: it has read them, so no other form is there."""
    read = ((_ZONE.search(one.words), _RATE.search(one.words)) for one in directives if one.name == "limit_req_zone")
    return {zone[1]: int(rate[1]) * _MINUTE_OF[rate[2]] for zone, rate in read if zone and rate}
