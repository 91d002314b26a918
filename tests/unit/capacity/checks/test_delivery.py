"""A change of how the page is delivered is named in the words of the proxy that the environment file names."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.capacity.checks.delivery import delivery_is_tuned
from runbook_lib.capacity.checks.load_test import _exempt
from runbook_lib.capacity.facts.client_view import ClientView, ServedFile
from runbook_lib.capacity.facts.load_test import OPEN, LoadTestRun
from runbook_lib.environment import Environment
from runbook_lib.environment.release import Proxy

PLAIN = ClientView(tuple(ServedFile(path, kind, 200, 9000, 9000, 9000) for path, kind in (("/", "page"), ("/a.js", "script"))))
NGINX, TRAEFIK = ("nginx -t && nginx -s reload",), ("In Traefik",)


def behind(staging: Environment, proxy: dict[str, Any] | None) -> Environment:
    return staging.model_copy(update={"proxy": Proxy(**proxy) if proxy else None})


@pytest.mark.parametrize(("proxy", "words"), [
    ({"service": "web", "kind": "nginx-upstreams"}, NGINX), ({"service": "web", "kind": "nginx"}, NGINX), ({"service": "web"}, NGINX),
    ({"kind": "traefik"}, TRAEFIK), ({"kind": "other"}, ("In the proxy, or the service that answers",)), (None, ("In the service that answers",)),
])
def test_each_change_is_one_of_the_proxy_in_front(staging: Environment, proxy: dict[str, Any] | None, words: tuple[str, ...]) -> None:
    """Whatever stood in front, the change was one of nginx."""
    environment = behind(staging, proxy)
    changes = {one.check: one.next_step for one in delivery_is_tuned(environment, PLAIN)}
    for check in ("gzip compression", "static assets are kept", "the page is asked for again"):
        assert all(word in changes[check] for word in words), changes[check]
        assert words == NGINX or "nginx" not in changes[check]


@pytest.mark.parametrize(("proxy", "through"), [
    ({"service": "web", "kind": "nginx-upstreams"}, "through the proxy (nginx-upstreams)"), ({"kind": "traefik"}, "through the proxy (traefik)"), ({"kind": "other"}, "through the proxy (other)"),
    (None, "the application itself: the environment file names no proxy")])
def test_a_load_test_names_what_it_goes_through(staging: Environment, proxy: dict[str, Any] | None, through: str) -> None:
    environment = behind(staging, proxy)
    assert LoadTestRun(environment, OPEN, (1.0,), 10.0).table["to"] == f"{environment.public.url}, {through}"


def test_where_no_runbook_writes_the_exemptions_the_proxy_is_to_have_them(staging: Environment) -> None:
    assert _exempt(staging) == "name this machine's network in rate_limit.exempt and deploy it."
    once = staging.model_copy(update={"release": staging.release.model_copy(update={"strategy": "recreate"}), "proxy": Proxy(kind="traefik")})
    assert _exempt(once).startswith("exempt this machine's network in the proxy's own configuration")
