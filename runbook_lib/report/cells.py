"""The notebook's cells as they ran. HTML of a cell is never shown as HTML."""

from __future__ import annotations

from typing import Any

from runbook_lib.report import page
from runbook_lib.report.labels import block
from runbook_lib.report.run_report import Event


def cell_row(event: Event) -> dict[str, Any]:
    """A cell's source and its outputs as the template shows them."""
    recorded = [output for output in event.get("outputs") or [] if isinstance(output, dict)]
    outputs = [_output(output) for output in recorded]
    return {"source": block(_joined(event.get("source", ""))),
            "raised": any(output.get("output_type") == "error" for output in recorded),
            "outputs": [output for output in outputs if output["text"] or output["picture"]]}


def _output(output: Event) -> dict[str, Any]:
    """A cell's output as a picture or as text."""
    # text/html is left out: it was made for JupyterLab, and a report must not run what a cell wrote
    data = output.get("data") or {}
    text = block(_joined(data.get("text/plain", "")))
    if "image/png" in data:
        found = page.picture_from_base64(_joined(data["image/png"]), text or "a chart")
        return {"picture": found, "text": "" if found else text}
    if "image/svg+xml" in data:
        return {"picture": page.picture_from_svg(_joined(data["image/svg+xml"])), "text": ""}
    if output.get("output_type") == "error":
        trace = _joined(output.get("traceback") or []) or f"{output.get('ename')}: {output.get('evalue')}"
        return {"picture": None, "text": block(trace)}
    return {"picture": None, "text": text or block(_joined(output.get("text", "")))}


def _joined(content: Any) -> str:
    """A text that nbformat may hold as a list: of lines with their ends, or, for tracebacks, without."""
    if isinstance(content, list):
        glue = "\n" if content and not str(content[0]).endswith("\n") else ""
        return glue.join(map(str, content))
    return str(content)
