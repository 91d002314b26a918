"""Showing values and charts in the notebook, and keeping them for the report."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.browsing import Picture
from runbook_lib.environment import Environment
from runbook_lib.execution.watch_report import WatchExhibit
from runbook_lib.run.display import show_html, show_png, show_svg


def show(value: Any, title: str, chart: Any, *, highlight: bool | Literal["first"], journal: Journal,
         folder: RunFolder) -> None:
    """Show a value as a table or text, figures as charts, or both, and record them."""
    from runbook_lib.report.tables import value_table
    from runbook_lib.report.values import table_record

    fields: dict[str, Any] = {"title": title, **({"highlight": highlight} if highlight else {})}
    figures = list(chart) if isinstance(chart, list | tuple) else [chart]
    value, figures = _in_words(value, [one for one in figures if one is not None])
    if value is not None:
        fields |= {"text": value} if isinstance(value, str) else {"table": table_record(value)}
        show_html(value_table(value, title=title), str(value) if isinstance(value, str) else title)
    figures = [one for one in figures if not (isinstance(one, Picture) and not one)]
    fields["chart"] = [_keep_chart(figure, title, folder) for figure in figures]
    journal.write("shown", **fields)


def _in_words(value: Any, figures: list[Any]) -> tuple[Any, list[Any]]:
    """Figures that would be empty are a sentence: below a text, or instead of nothing. One next to a table stays."""
    from runbook_lib.platform.drawing import words_alone

    if not (value is None or isinstance(value, str | list | tuple)) or (value and not isinstance(value, str)):
        return value, figures
    before = value if isinstance(value, str) else ""
    words = [text for one in figures if (text := words_alone(one)) and text not in before]
    return " ".join([*([before] if before else []), *words]) or value, [one for one in figures if not words_alone(one)]


def show_target(environment: Environment, mode: str, run_id: str) -> None:
    """The environment, the mode and the run in large type."""
    from runbook_lib.report.tables import target_banner

    banner = target_banner(environment, mode=mode, run_id=run_id)
    show_html(banner, f"{environment.name}: {environment.title} ({mode}), run {run_id}")


def show_kept(path: str, journal: Journal) -> None:
    """Record a file that was kept as evidence, and name it; `path` is below the run's folder."""
    journal.write("kept", file=path)
    show_html(f"<p>Kept as evidence: <code>{escape(path)}</code></p>", f"Kept as evidence: {path}")


def show_exhibit(exhibit: WatchExhibit) -> None:
    """What a watch saw: its sentence and its picture. The report has both already."""
    from runbook_lib.report.tables import value_table

    show_html(value_table(exhibit.text, title=exhibit.title), exhibit.text)
    show_svg(exhibit.svg, exhibit.title)


def _keep_chart(figure: Any, title: str, folder: RunFolder) -> str:
    if isinstance(figure, Picture):
        show_png(figure.png, title)
        return folder.chart(f"{title or 'picture'}.png", figure.png)
    from runbook_lib.platform import charts

    svg = charts.to_svg(figure)
    show_svg(svg, title)
    return folder.chart(f"{title or 'chart'}.svg", svg)
