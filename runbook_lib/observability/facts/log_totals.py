"""From tables that were added up to the values of a review."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runbook_lib.observability.facts.log_masking import OTHERS
from runbook_lib.observability.facts.log_results import (
    MOST_SHOWN,
    Client,
    MessageTemplate,
    RouteTimes,
    SlowRequest,
    StatusBin,
)
from runbook_lib.observability.facts.log_tables import BINS, MessageTables, RequestTables, Window

if TYPE_CHECKING:
    import polars as pl

QUANTILES = (0.50, 0.95, 0.99)
MOST_KEPT = 200  # routes and templates
MOST_CLIENTS = 10
_BARS = "·▁▂▃▄▅▆▇█"
_TREND = 15  # signs


def requests_of(tables: RequestTables) -> dict[str, Any]:
    """The parts of a LogReview that come from access logs, without the messages of the application."""
    import polars as pl

    statuses = tables.statuses.total()
    if not statuses.height:
        return {}
    failed = statuses.filter(pl.col("status") >= 500)
    older = statuses.filter(pl.col("older"))
    return {
        "requests": tables.requests, "timed_requests": tables.timed, "statuses": _status_bins(statuses, tables.window),
        "routes": _routes(tables.routes.total()), "clients": _clients(tables.addresses.total()),
        "errors": int(failed.get_column("count").sum()), "requests_before": int(older.get_column("count").sum()),
        "errors_before": int(failed.filter(pl.col("older")).get_column("count").sum()),
    }


def single_requests(rows: pl.DataFrame | None, found: Iterable[Mapping[str, Any]]) -> tuple[SlowRequest, ...]:
    """Requests with what the application logged under their ids: the line with its own time first."""
    logged: dict[str, Mapping[str, Any]] = {}
    for one in found:
        if one["request_id"] not in logged or (one["seconds"] is not None
                                               and logged[one["request_id"]]["seconds"] is None):
            logged[one["request_id"]] = one
    made = []
    for row in rows.to_dicts() if rows is not None else ():
        line = logged.get(row["request_id"]) if row["request_id"] else None
        made.append(SlowRequest(_utc(row["at"]), row["route"], row["status"], row["seconds"], row["request_id"],
                                line["seconds"] if line else None,
                                f"{line['level']} {line['message']}".strip() if line else ""))
    return tuple(made)


def templates_of(tables: MessageTables) -> tuple[MessageTemplate, ...]:
    """The templates, those that are new since the deployment first, then the most frequent."""
    import polars as pl

    table = tables.templates.total()
    if not table.height:
        return ()
    bins = {key: dict(zip(part["bin"], part["count"], strict=True)) for key, part in
            table.group_by("template", "level", "log")}
    added = table.sort("first").group_by("template", "level", "log", maintain_order=True).agg(
        pl.col("count", "older").sum(), pl.col("first").min(), pl.col("last").max(), pl.col("example").first())
    deployed_at = tables.window.deployed_at
    made = [MessageTemplate(
        row["level"], row["template"], row["count"], _utc(row["first"]), _utc(row["last"]),
        trend(bins[(row["template"], row["level"], row["log"])]), row["log"], row["example"], row["older"],
        # what the rarest have in common is not known
        bool(deployed_at is not None and row["older"] == 0 and row["template"] != OTHERS))
        for row in added.to_dicts()]
    made.sort(key=lambda one: (not one.is_new, one.level == "WARNING", -one.count, one.template))
    return tuple(made[:MOST_KEPT])


def trend(counts: Mapping[int, int]) -> str:
    """Counts over the window as signs, the oldest left: the highest sign is the most, a dot is none."""
    width = BINS // _TREND
    sums = [sum(counts.get(place, 0) for place in range(begin, begin + width)) for begin in range(0, BINS, width)]
    most = max(sums, default=0) or 1
    return "".join(_BARS[math.ceil(8 * one / most)] for one in sums)


def _status_bins(statuses: pl.DataFrame, window: Window) -> tuple[StatusBin, ...]:
    import polars as pl

    table = statuses.group_by("bin", (pl.col("status") // 100).alias("class")).agg(pl.col("count").sum())
    counts: dict[int, dict[int, int]] = {}
    for row in table.to_dicts():
        counts.setdefault(row["bin"], {})[row["class"]] = row["count"]
    last = min(BINS - 1, int((window.until - window.since) / window.bin))
    return tuple(StatusBin(_utc(window.since + number * window.bin), dict(sorted(counts.get(number, {}).items())))
                 for number in range(last + 1))


def _routes(table: pl.DataFrame) -> tuple[RouteTimes, ...]:
    import polars as pl

    totals = table.group_by("route").agg(pl.col("count").sum(), pl.col("errors").sum())
    timed = table.filter(pl.col("ms").is_not_null()).sort("route", "ms").with_columns(
        pl.col("count").cum_sum().over("route").alias("up_to"), pl.col("count").sum().over("route").alias("all"))
    times = timed.group_by("route").agg(
        *(pl.col("ms").filter(pl.col("up_to") >= (pl.col("all") * part).ceil()).min().alias(f"p{part * 100:.0f}_ms")
          for part in QUANTILES), pl.col("ms").max().alias("slowest_ms"))
    every = totals.join(times, on="route", how="left").sort("count", "route", descending=[True, False])
    # the busiest, and of the others the slowest: a route that is rarely asked for may be the one that is slow
    rest = every[MOST_KEPT:].filter(pl.col("p95_ms").is_not_null()).top_k(MOST_SHOWN, by="p95_ms")
    found = pl.concat((every[:MOST_KEPT], rest))
    return tuple(RouteTimes(row["route"], row["count"], row["errors"], row["p50_ms"], row["p95_ms"], row["p99_ms"],
                            row["slowest_ms"]) for row in found.to_dicts())


def _clients(table: pl.DataFrame) -> tuple[Client, ...]:
    top = table.sort("count", "address", descending=[True, False]).head(MOST_CLIENTS)
    return tuple(Client(row["address"] or "(none)", row["count"], row["refused"], row["errors"])
                 for row in top.to_dicts())


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
