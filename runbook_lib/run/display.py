"""Showing things while a run goes on: in a kernel as HTML and SVG, elsewhere as plain lines."""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from runbook_lib import kernel
from runbook_lib.core.plan import StepState
from runbook_lib.execution import StepRecord, steps_html


def show_html(html: str, text: str) -> None:
    """Show HTML where it can be shown, else the text."""
    if kernel.shell() is None:
        print(text, flush=True)
        return
    _display({"text/html": html, "text/plain": text}, raw=True)


def show_svg(svg: str, title: str) -> None:
    """Show a chart; outside a kernel nothing is shown, the file in the run's folder is there."""
    if kernel.shell() is not None:
        _display({"image/svg+xml": svg, "text/plain": f"[chart: {title}]"}, raw=True)


def show_png(png: bytes, title: str) -> None:
    """Show a picture; outside a kernel nothing is shown, the file in the run's folder is there."""
    if kernel.shell() is not None:
        _display({"image/png": base64.b64encode(png).decode(), "text/plain": f"[picture: {title}]"}, raw=True)


def report_href(folder: Path) -> str:
    """Where a notebook finds the report of the run in `folder`: relative, as JupyterLab resolves links."""
    report = folder / "report.html"
    # JupyterLab resolves a link against the notebook, and serves no absolute path
    with suppress(FileNotFoundError):  # a cell may have removed the folder that it works in
        report = Path(os.path.relpath(report))
    return quote(report.as_posix())


def _display(bundle: dict[str, str], **options: Any) -> Any:
    from IPython import display

    return cast(Any, display).display(bundle, **options)


class LiveLine:
    """One line that is replaced as things go; outside a kernel nothing: the runner shows the journal's events."""

    def __init__(self) -> None:
        self._display_id: str | None = None

    def __call__(self, text: str) -> None:
        if kernel.shell() is None:
            return
        if self._display_id is None:
            self._display_id = _display({"text/plain": text}, raw=True, display_id=True).display_id
        else:
            _display({"text/plain": text}, raw=True, display_id=self._display_id, update=True)


class LiveSteps:
    """The steps of an execution as they go: one table that is updated, or a line a step outside a kernel."""

    def __init__(self) -> None:
        self._display_id: str | None = None
        self._shown: dict[str, StepState] = {}

    def __call__(self, records: tuple[StepRecord, ...], running: str, tail: str) -> None:
        if kernel.shell() is None:
            self._print(records)
            return
        text = "\n".join(f"… {one.title}" if one.key == running else str(one) for one in records)
        bundle = {"text/html": steps_html(records, running, tail), "text/plain": text}
        if self._display_id is None:
            self._display_id = _display(bundle, raw=True, display_id=True).display_id
        else:
            _display(bundle, raw=True, display_id=self._display_id, update=True)

    def _print(self, records: tuple[StepRecord, ...]) -> None:
        for record in records:
            if record.state is not StepState.NOT_RUN and self._shown.get(record.key) is not record.state:
                self._shown[record.key] = record.state
                print(record, flush=True)
