"""The results of the benchmark: a table for a terminal, results.json for machines, report.html with a chart."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from lab.bench import manual
from lab.bench.chart import failures_chart
from lab.bench.faults import FAULTS
from lab.bench.measures import Interval, Ratio, Row, failures_over_time, ratios
from lab.traffic import LoadResult

FORMAT = 2
TEMPLATE = "report.html.j2"
CHART_S = 120
TRIGGERS = {fault.trigger for fault in FAULTS}


def write(folder: Path, rows: Sequence[Row], intervals: Sequence[Interval], load_result: LoadResult, *, instance: str,
          began: datetime, clean_s: int, completed: bool) -> Path:
    """Write results.json and report.html; returns the path of report.html."""
    found = ratios(rows)
    record = {
        "format": FORMAT, "instance": instance, "began": began.isoformat(timespec="seconds"), "completed": completed,
        "clean_s": clean_s, "rows": [asdict(row) for row in rows], "load": asdict(load_result),
        "kept_up": load_result.kept_up,
        "ratios": [{**asdict(one), "times": one.times} for one in found],
        "intervals": [asdict(interval) for interval in intervals],
    }
    _write(folder / "results.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return _write(folder / "report.html", _page(rows, intervals, load_result, found, instance=instance, began=began,
                                                 clean_s=clean_s, completed=completed))


def table(rows: Sequence[Row]) -> object:
    """The rows as a table for a terminal."""
    from rich.table import Table

    shown = Table("task", "method", "result", "failed requests", "outage", "work", "clean after", title_justify="left")
    for column in shown.columns[3:]:
        column.justify = "right"
    for number, row in enumerate(rows):
        last = number + 1 == len(rows) or rows[number + 1].task != row.task
        shown.add_row(row.task, row.method, row.result, f"{row.failed:,}", f"{row.outage_s} s", f"{row.seconds:.0f} s",
                      clean_after(row), end_section=last)
    return shown


def clean_after(row: Row) -> str:
    """When the load was clean again; a dash where no fault was injected."""
    if row.clean_after_s is not None:
        return f"{row.clean_after_s:.0f} s"
    return "never" if row.task in TRIGGERS else "–"


def grouped_by_task(rows: Sequence[Row]) -> list[Row]:
    """Both methods of a task together, in the order of the tasks."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    return sorted(rows, key=lambda row: tasks.index(row.task))


def _page(rows: Sequence[Row], intervals: Sequence[Interval], load_result: LoadResult, found: Sequence[Ratio], *,
          instance: str, began: datetime, clean_s: int, completed: bool) -> str:
    from jinja2 import FileSystemLoader
    from markupsafe import Markup

    from runbook_lib.platform import charts
    from runbook_lib.report import page

    series = [(one.task, one.method, failures_over_time(one, load_result, clean_s, CHART_S)) for one in intervals]
    templates = page.templates().overlay(loader=FileSystemLoader([Path(__file__).parent, page.TEMPLATES]))
    return templates.get_template(TEMPLATE).render(
        style=Markup((page.TEMPLATES / "style.css").read_text()), instance=instance, completed=completed,
        began=f"{began:%Y-%m-%d %H:%M} UTC", rows=rows, clean_after=clean_after, clean_s=clean_s,
        load=str(load_result), kept_up=load_result.kept_up, ratios=found, manual=manual.__doc__ or "",
        chart=Markup(charts.to_svg(failures_chart(series, load_result.wanted_rate))),
    )


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)
    return path
