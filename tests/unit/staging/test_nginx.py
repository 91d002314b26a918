"""nginx's files hold the plan's TLS settings, limits and headers."""

from __future__ import annotations

import re

from runbook_lib.environment import Environment
from tests.unit.staging.files import text


def test_nginx_has_the_plans_tls_settings_word_for_word(environment: Environment) -> None:
    lines = {line.strip() for line in text("nginx/snippets/tls.conf").splitlines()}
    for name, value in environment.tls.nginx.items():
        assert f"{name} {value};" in lines
    site = text("nginx/sites/staging.conf")
    assert f"ssl_certificate {environment.tls.certificate};" in site
    assert f"ssl_certificate_key {environment.tls.private_key};" in site


def test_nginx_limits_the_rate_for_everyone_but_the_exempt(environment: Environment) -> None:
    limits = text("nginx/snippets/limits.conf")
    rates = re.findall(r"rate=(\d+)r/m", limits)
    assert rates
    assert {int(rate) for rate in rates} == {environment.rate_limit.requests_per_minute}
    site = text("nginx/sites/staging.conf")
    bursts = re.findall(r"limit_req zone=\w+ burst=(\d+) nodelay;", site)
    assert len(bursts) == 3
    assert {int(burst) for burst in bursts} == {environment.rate_limit.burst}
    exempt = re.findall(r"^\s*([0-9./]+)\s+1;", limits.split("geo $private_address")[0], re.M)
    assert exempt == [], "no network is exempt by default"


def test_nginx_redirects_http_and_never_sends_a_post_twice() -> None:
    assert "return 301 https://staging.gw2wvwbuilder.example.com$request_uri;" in text("nginx/sites/staging.conf")
    proxy = text("nginx/snippets/proxy.conf")
    assert re.search(r"^proxy_next_upstream error timeout;", proxy, re.M)


def test_a_location_with_headers_of_its_own_keeps_the_common_ones() -> None:
    """nginx forgets the inherited headers where a location adds one."""
    for body in re.findall(r"location [^{]+\{(.*?)\n    \}", text("nginx/sites/staging.conf"), re.S):
        if "add_header" in body:
            assert "include /etc/nginx/snippets/headers.conf;" in body
