"""A release's proxy lets through and protects what the live one does: cases without a warning, and what is read from words."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.proxy_directives import proxies_follow
from runbook_lib.release.facts.proxy_directives import Directive, Proxy

Words = tuple[str, str, str]  # location, name, words
LIVE: tuple[Words, ...] = (("", "client_max_body_size", "20m"), ("", "deny", "all"), ("/a", "deny", "10.0.0.1"), ("", "add_header", "X-A"),
                           ("", "ssl_protocols", "TLSv1 TLSv1.2"), ("/b", "proxy_read_timeout", "$slow"), ("", "return", "301"))


def warnings(release: tuple[Words, ...], live: tuple[Words, ...] = LIVE) -> list[str]:
    new, old = (tuple(Directive("80 a", *one) for one in (("", "server", ""), *of)) for of in (release, live))
    found = proxies_follow((Proxy("nginx", new, old),))
    assert len(found) == 2
    return [one.measured for one in found if one.verdict is not Verdict.PASSED]


@pytest.mark.parametrize("release", [
    LIVE,
    (*LIVE, ("/new", "client_max_body_size", "0"), ("/new", "proxy_read_timeout", "1h")),
    (*LIVE, ("/b", "proxy_send_timeout", "60s")),  # what holds without it
    tuple(one for one in LIVE if one != ("/a", "deny", "10.0.0.1")),  # all are refused there anyway
    (*LIVE, ("/new", "add_header", "x-a"), ("/new", "deny", "10.0.0.2")),
    tuple(("", "ssl_protocols", "TLSv1.2 TLSv1.3") if one[1] == "ssl_protocols" else one for one in LIVE),
    tuple(("/b", "proxy_read_timeout", "$other") if one[0] == "/b" else one for one in LIVE),
    tuple(one for one in LIVE if one[1] != "return"),
])
def test_what_takes_nothing_from_users_is_no_warning(release: tuple[Words, ...]) -> None:
    assert warnings(release) == []


@pytest.mark.parametrize(("release", "live", "measured"), [
    ((("", "send_timeout", "1m"),), (("", "send_timeout", "1h30m"),), "send_timeout 1m (live: 1h30m)"),
    ((("", "client_max_body_size", "1023K"),), (), "client_max_body_size 1023K (live: 1m)"),
    ((), (("/a", "fastcgi_read_timeout", "5m"),), "fastcgi_read_timeout 60s in /a (live: 5m)"),
    ((("/a", "deny", "10.0.0.1"),), (("/a", "deny", "10.0.0.1"), ("/a", "deny", "all")), "no deny all in /a"),
    ((("/a", "allow", "all"), ("/a", "deny", "all")), (("/a", "deny", "all"),), "allow all in /a"),
    ((), (("@x", "internal", ""),), "no internal in @x"),
    ((("/a", "deny", "all"), ("/a", "satisfy", "any")), (("/a", "deny", "all"), ("/a", "satisfy", "all")), "satisfy any in /a"),
    ((), (("/a", "add_header", "X-A"), ("/b", "add_header", "X-A")), "no header X-A in /a, /b"),
])
def test_less_is_shown_with_its_place(release: tuple[Words, ...], live: tuple[Words, ...], measured: str) -> None:
    assert warnings(release, live) == [measured]


def verdicts(release: tuple[Directive, ...], live: tuple[Directive, ...]) -> set[Verdict]:
    return {one.verdict for one in proxies_follow((Proxy("nginx", release, live),))}


def test_servers_that_come_or_go_are_compared_with_none() -> None:
    a, b, c = (Directive(f"80 {name}", "", "deny", "all") for name in "abc")
    opened = (Directive("80 c", "", "client_max_body_size", "1"), Directive("80 d", "/a", "autoindex", "on"))
    assert verdicts((a, b, c), (a, b)) == verdicts((a,), (a, b)) == verdicts((a, b, *opened), (a, b)) == {Verdict.PASSED}
    assert verdicts((a, *opened), (a, b)) == {Verdict.PASSED}  # which of two it would be is not known
    assert verdicts((a, opened[0]), (a, b)) == {Verdict.WARNING}  # the only one that is missing, under another name


def test_without_a_live_one_there_is_nothing_to_compare() -> None:
    assert proxies_follow((Proxy("nginx", (Directive("", "", "gzip", "off"),)),)) == ()
