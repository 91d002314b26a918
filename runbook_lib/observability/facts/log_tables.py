"""Tables of a log that are added up piece by piece: what they hold does not grow with the log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from runbook_lib.observability.facts.log_masking import NOT_FOUND, OTHERS, cleaned, masked, route, template

if TYPE_CHECKING:
    import polars as pl

SEVERE = ("WARNING", "ERROR", "CRITICAL")
BINS = 60  # of the window, in charts and trends
KEPT_TABLES = 12  # partial tables, before they are added up
MOST_ROUTES, MOST_ADDRESSES, MOST_TEMPLATES = 2_000, 50_000, 2_000
MOST_SLOW, MOST_FAILED, MOST_FOUND = 20, 50, 200
SLOWEST_MS = 600_000  # of a request, in the distribution


class Window:
    """The window of time in bins, and the moment of the last deployment in it; None where there was none."""

    def __init__(self, since: datetime, until: datetime, deployed_at: datetime | None) -> None:
        self.since, self.until = since.replace(tzinfo=None), until.replace(tzinfo=None)
        self.deployed_at = deployed_at.replace(tzinfo=None) if deployed_at else None
        self.bin = max(timedelta(seconds=1), (self.until - self.since) / BINS)

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The lines in the window, each with the number of its bin and whether it is older than the deployment."""
        import polars as pl

        place = ((pl.col("at") - self.since).dt.total_microseconds() // int(self.bin.total_seconds() * 1e6))
        older = pl.col("at") < self.deployed_at if self.deployed_at else pl.lit(False)
        inside = frame.filter(pl.col("at").is_between(self.since, self.until))
        return inside.with_columns(place.clip(0, BINS - 1).cast(pl.Int16).alias("bin"), older.alias("older"))


class Sums:
    """Partial tables with the same keys, added up; of many keys the rarest become one, `OTHERS`."""

    def __init__(self, keys: tuple[str, ...], sums: dict[str, str], most: int) -> None:
        self._keys, self._sums, self._most = keys, sums, most
        self._parts: list[pl.DataFrame] = []

    def add(self, part: pl.DataFrame) -> None:
        """One more partial table."""
        self._parts.append(part)
        if len(self._parts) >= KEPT_TABLES:
            self._parts = [self.total()]

    def total(self) -> pl.DataFrame:
        """All of them as one; without columns where there is none."""
        import polars as pl

        if not self._parts:
            return pl.DataFrame()
        columns = [getattr(pl.col(name), how)() for name, how in self._sums.items()]
        added = pl.concat(self._parts).group_by(self._keys).agg(columns)
        name = self._keys[0]
        if added.get_column(name).n_unique() <= self._most:
            return added
        usual = added.group_by(name).agg(pl.col("count").sum()).sort("count", name, descending=[True, False])
        kept = usual.head(self._most).get_column(name).to_list()
        return added.with_columns(pl.when(pl.col(name).is_in(kept)).then(pl.col(name)).otherwise(pl.lit(OTHERS))
                                  .alias(name)).group_by(self._keys).agg(columns)


class RequestTables:
    """Statuses over time, response times by route, clients, and the slowest and the failed requests."""

    def __init__(self, window: Window) -> None:
        self.window, self.requests, self.timed = window, 0, 0
        self.statuses = Sums(("bin", "status", "older"), {"count": "sum"}, 10**9)
        self.routes = Sums(("route", "ms"), {"count": "sum", "errors": "sum"}, MOST_ROUTES)
        self.addresses = Sums(("address",), {"count": "sum", "refused": "sum", "errors": "sum"}, MOST_ADDRESSES)
        self.slow: pl.DataFrame | None = None
        self.failed: pl.DataFrame | None = None

    def add(self, frame: pl.DataFrame, log: str) -> int:
        """Add the lines of one piece of a log; returns how many were in the window."""
        import polars as pl

        frame = self.window.of(frame)
        if not frame.height:
            return 0
        frame = masked(frame, "path", "route", route)
        # a scanner asks for what there is not, a new address each time: that makes no routes
        frame = frame.with_columns(
            pl.when(pl.col("status") == 404).then(pl.lit(NOT_FOUND)).otherwise(pl.col("route")).alias("route"),
            (pl.col("seconds") * 1000).round().clip(0, SLOWEST_MS).cast(pl.Int32).alias("ms"))
        failed = pl.col("status") >= 500
        self.requests += frame.height
        self.timed += frame.height - frame.get_column("ms").null_count()
        self.statuses.add(frame.group_by("bin", "status", "older").agg(pl.len().cast(pl.Int64).alias("count")))
        self.routes.add(frame.group_by("route", "ms").agg(pl.len().cast(pl.Int64).alias("count"),
                                                          failed.sum().cast(pl.Int64).alias("errors")))
        self.addresses.add(frame.group_by(pl.col("address").str.slice(0, 64)).agg(
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("status").is_between(400, 499).sum().cast(pl.Int64).alias("refused"),
            failed.sum().cast(pl.Int64).alias("errors")))
        self._keep_single(frame, log)
        return frame.height

    def _keep_single(self, frame: pl.DataFrame, log: str) -> None:
        import polars as pl

        columns = ("at", "route", "status", "seconds", "request_id")
        slow = frame.filter(pl.col("seconds").is_not_null()).top_k(MOST_SLOW, by="seconds").select(columns)
        failed = frame.filter(pl.col("status") >= 500).tail(MOST_FAILED).select(columns)
        self.slow = _joined(self.slow, slow, log).top_k(MOST_SLOW, by="seconds")
        self.failed = _joined(self.failed, failed, log).tail(MOST_FAILED)


class MessageTables:
    """Templates of warnings and errors, and the messages of requests that were asked about by their ids."""

    def __init__(self, window: Window, request_ids: Collection[str] = ()) -> None:
        self.window, self._ids = window, sorted(request_ids)
        self.messages, self.older, self.severe = 0, 0, 0
        self.templates = Sums(("template", "level", "log", "bin"),
                              {"count": "sum", "older": "sum", "first": "min", "last": "max", "example": "first"},
                              MOST_TEMPLATES)
        self.found: list[dict[str, Any]] = []

    def add(self, frame: pl.DataFrame, log: str) -> int:
        """Add the lines of one piece of a log; returns how many were in the window."""
        import polars as pl

        frame = self.window.of(frame)
        self.messages += frame.height
        self.older += int(frame.get_column("older").sum())
        if self._ids and len(self.found) < MOST_FOUND:
            asked = frame.filter(pl.col("request_id").is_in(self._ids)).head(MOST_FOUND - len(self.found))
            self.found += asked.select("at", "level", cleaned(pl.col("message")).alias("message"), "request_id",
                                       "seconds").to_dicts()
        severe = frame.filter(pl.col("level").is_in(SEVERE))
        self.severe += severe.height
        if severe.height:
            severe = masked(severe, "message", "template", template)
            self.templates.add(severe.group_by("template", "level", pl.lit(log).alias("log"), "bin").agg(
                pl.len().cast(pl.Int64).alias("count"), pl.col("older").sum().cast(pl.Int64).alias("older"),
                pl.col("at").min().alias("first"), pl.col("at").max().alias("last"),
                cleaned(pl.col("message").first()).alias("example")))
        return frame.height


def _joined(before: pl.DataFrame | None, more: pl.DataFrame, log: str) -> pl.DataFrame:
    import polars as pl

    named = more.with_columns(pl.lit(log).alias("log"))
    return named if before is None else pl.concat((before, named))
