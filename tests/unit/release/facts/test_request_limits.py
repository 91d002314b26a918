"""The zones that the server prints become requests a minute, of the release and of what is live."""

from __future__ import annotations

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.request_limits import RequestLimits, parse_request_limits


@pytest.mark.parametrize(("lines", "limits"), [
    ([], ()),
    (["run\tnginx\tcheck\tpassed\t1\t"], ()),
    (["zones\tnginx\trelease"], (RequestLimits("nginx"),)),
    (["zones\tnginx\trelease", "zone\tnginx\trelease\tper_address\t2\ts", "zones\tnginx\tlive"],
     (RequestLimits("nginx", {"per_address": 120}, {}),)),
    (["zones\tnginx\trelease", "zone\tnginx\trelease\ta\t100\tm", "zones\tnginx\tlive", "zone\tnginx\tlive\ta\t1\tm", "zones\tedge\trelease"],
     (RequestLimits("nginx", {"a": 100}, {"a": 1}), RequestLimits("edge"))),
])
def test_zones_have_requests_a_minute(lines: list[str], limits: tuple[RequestLimits, ...]) -> None:
    assert parse_request_limits("\n".join(lines)) == limits


@pytest.mark.parametrize("line", ["zone\tnginx\trelease\ta\tmany\tm", "zone\tnginx\trelease\ta\t1\th", "zone\tnginx"])
def test_another_form_is_no_limit(line: str) -> None:
    with pytest.raises(FactUnreadable, match="rate limit cannot be read"):
        parse_request_limits(line)
