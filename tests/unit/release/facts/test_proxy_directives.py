"""What the server prints of a proxy becomes directives, of the release and of what is live."""

from __future__ import annotations

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.proxy_directives import Directive, Proxy, parse_proxies


@pytest.mark.parametrize(("lines", "proxies"), [
    ([], ()),
    (["run\tnginx\tcheck\tpassed\t1\t"], ()),
    (["proxy\tnginx\trelease"], (Proxy("nginx"),)),
    (["proxy\tnginx\trelease", "directive\tnginx\trelease\t80 a\t= /b\tinternal\t", "proxy\tnginx\tlive"],
     (Proxy("nginx", (Directive("80 a", "= /b", "internal", ""),), ()),)),
    (["proxy\tnginx\trelease", "proxy\tnginx\tlive", "directive\tnginx\tlive\t\t\tgzip\ton", "proxy\tedge\trelease"],
     (Proxy("nginx", (), (Directive("", "", "gzip", "on"),)), Proxy("edge"))),
])
def test_directives_are_those_of_their_service_and_side(lines: list[str], proxies: tuple[Proxy, ...]) -> None:
    assert parse_proxies("\n".join(lines)) == proxies


@pytest.mark.parametrize("line", ["proxy\tnginx", "proxy\tnginx\tlive\tmore", "directive\tnginx\tlive\tgzip\ton", "directive"])
def test_another_form_is_no_directive(line: str) -> None:
    with pytest.raises(FactUnreadable, match="proxy's configuration cannot be read"):
        parse_proxies(line)
