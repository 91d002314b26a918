"""The zones of a proxy become requests a minute, of the release and of what is live."""

from __future__ import annotations

import pytest

from runbook_lib.release.facts.proxy_directives import Directive, Proxy
from runbook_lib.release.facts.request_limits import RequestLimits, request_limits


def zones(*words: str) -> tuple[Directive, ...]:
    return tuple(Directive("", "", "limit_req_zone", one) for one in words)


@pytest.mark.parametrize(("proxy", "limits"), [
    (Proxy("nginx"), RequestLimits("nginx")),
    (Proxy("nginx", zones("zone=a:10m rate=2r/s"), ()), RequestLimits("nginx", {"a": 120}, {})),
    (Proxy("nginx", zones("rate=100r/m zone=a:10m sync", "zone=b.c:1m rate=5r/s"), zones("zone=a:10m rate=1r/m")),
     RequestLimits("nginx", {"a": 100, "b.c": 300}, {"a": 1})),
    (Proxy("nginx", (*zones("rate=1r/h zone=a:1m", ""), Directive("", "", "gzip", "zone=a:1m rate=1r/s"))), RequestLimits("nginx")),
])
def test_zones_have_requests_a_minute(proxy: Proxy, limits: RequestLimits) -> None:
    assert request_limits(proxy) == limits
