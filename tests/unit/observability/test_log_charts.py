"""Charts of logs: what they show is in their words too, and without data they say so."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.observability.log_charts import slowest_routes, statuses_over_time
from runbook_lib.platform.charts import to_svg
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, deployed_at, message, request, reviewed

BUSY = reviewed(
    (REQUESTS, b"".join(request(minutes, f"/r{'x' * (minutes % 14)}", (200, 200, 304, 404, 500)[minutes % 5], minutes / 1000) for minutes in range(1440))),
    (MESSAGES, message()), deployed=deployed_at(-5000, 700))


def texts(figure: object) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in [*axes.texts, axes.title, *axes.get_yticklabels()])  # type: ignore[attr-defined]


def bars(axes: Any) -> list[Any]:
    return list(axes.patches)


def test_statuses_are_drawn_in_bins_with_the_deployment_marked() -> None:
    figure = statuses_over_time(BUSY)
    above, below = figure.axes
    assert "deployed v2" in texts(figure)
    assert sum(bar.get_height() for bar in bars(above)) == pytest.approx(1440)
    assert sum(bar.get_height() for bar in bars(below)) == pytest.approx(288)
    assert figure.get_label() == "1,440 requests, 288 of them answered with 5xx, from 2026-11-26 12:00 to 2026-11-27 12:00 UTC."
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["2xx", "3xx", "4xx", "5xx"]
    assert "<svg" in to_svg(figure)


def test_failures_differ_from_the_rest_by_more_than_their_colour() -> None:
    above, _ = statuses_over_time(BUSY).axes
    hatches = {bar.get_hatch() for bar in above.patches}
    assert len(hatches) == 3


def test_the_ten_slowest_routes_are_drawn_with_the_limit() -> None:
    figure = slowest_routes(BUSY, 1400)
    (axes,) = figure.axes
    assert len(axes.get_yticklabels()) == 10
    assert "limit 1400 ms" in texts(figure)
    assert "of them at or above 1400 ms" in str(figure.get_label())


def test_a_route_with_few_requests_is_not_drawn() -> None:
    assert "No route has enough requests" in str(slowest_routes(BUSY, 500, fewest=1000).get_label())


@pytest.mark.parametrize("found", [reviewed(), reviewed((REQUESTS, request(seconds=None)))], ids=["nothing", "without times"])
def test_without_data_a_chart_says_so(found: object) -> None:
    assert "No " in str(slowest_routes(found, 500).get_label())  # type: ignore[arg-type]


def test_one_request_makes_a_chart() -> None:
    figure = statuses_over_time(reviewed((REQUESTS, request())))
    assert "<svg" in to_svg(figure)
    assert "No request" in str(statuses_over_time(reviewed()).get_label())
