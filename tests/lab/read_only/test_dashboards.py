"""Every query of Grafana's dashboards gives data on a real Prometheus. Read-only but for a few requests of a user."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

from lab.dashboards.building import dashboards

if TYPE_CHECKING:
    from tests.lab.conftest import Lab

LIMIT_S = 180
USE = "for _ in 1 2 3; do curl -sk -o /dev/null 'https://127.0.0.1/api/v1/builds?limit=5'; done"
# one expression a line in, one reply a line out: an exec each would cost more than all the queries
ASK = """end=$(date +%s)
while IFS= read -r one; do
    curl -sG 127.0.0.1:9090/api/v1/query_range -d start=$((end - 600)) -d end=$end -d step=15 --data-urlencode "query=$one"
    echo
done <<< "$1\""""


def replies(lab: Lab, expressions: list[str]) -> list[dict]:
    """Prometheus' reply to each expression, over the last ten minutes."""
    asked = "\n".join(one.replace("$__rate_interval", "1m") for one in expressions)
    return [json.loads(line) for line in lab.on_server("bash", "-c", ASK, "ask", asked).splitlines()]


def has_data(reply: dict) -> bool:
    """At least one sample that is a number. A query that Prometheus does not take fails the test."""
    assert reply["status"] == "success", reply
    return any(math.isfinite(float(value)) for series in reply["data"]["result"] for _, value in series["values"])


def test_every_query_of_every_dashboard_gives_data(lab: Lab) -> None:
    queries = [(board.name, panel.title, one) for board in dashboards() for panel in board.panels for one in panel.queries]
    waiting = {one.expression: f"{name}: {title}" for name, title, one in queries if not one.exists_after}
    assert len(waiting) > 50
    deadline = time.monotonic() + LIMIT_S
    while waiting and time.monotonic() < deadline:
        lab.on_server("bash", "-c", USE)  # what counts requests and hits of the cache needs some
        asked = list(waiting)
        found = dict(zip(asked, replies(lab, asked), strict=True))
        waiting = {one: where for one, where in waiting.items() if not has_data(found[one])}
        time.sleep(bool(waiting))
    assert not waiting, "no data; if it needs an event first, name that in `exists_after`"


def test_what_needs_an_event_first_is_taken_by_prometheus_and_has_no_data_before(lab: Lab) -> None:
    """This server has no schedules. tests/lab/recovery/test_schedules.py installs them, and asks the same queries."""
    later = [one.expression for board in dashboards() for panel in board.panels for one in panel.queries if one.exists_after]
    assert later
    assert [one for one, reply in zip(later, replies(lab, later), strict=True) if has_data(reply)] == []
