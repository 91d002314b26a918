"""The outputs of one cell: redacted, bounded, and kept in nbformat's shape for the journal."""

from __future__ import annotations

from typing import Any

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel.streams import Keep, Stream

LONGEST_DISPLAY = 200_000  # characters of one text representation
LONGEST_IMAGE = 4_000_000
ALL_DISPLAYS = 12_000_000
AFTER_OVERFLOW = 10  # times less is kept of the next cell


class CellOutputs:
    """The outputs of one cell, in order, as they are recorded; displays are updated in place.

    Where the cell before printed more than is kept, a child that it has left behind may go on: redacting as much again
    for each of the cells to come would take minutes.
    """

    def __init__(self, redactor: Redactor, before: CellOutputs | None = None) -> None:
        self._redactor = redactor
        self._divisor = AFTER_OVERFLOW if before and any(one.overflows for one in before._streams.values()) else 1
        self._streams: dict[str, Stream] = {}
        self._displayed: dict[str, dict[str, Any]] = {}
        self._display_size = 0
        self.recorded: list[dict[str, Any]] = []

    def stream(self, name: str, text: str) -> str:
        """Take text of a stream in; returns what may be shown of it now."""
        shown = self._streams.setdefault(name, Stream(name, self._redactor, self._divisor)).feed(text)
        self._record_text(name, shown)
        return shown

    def finish(self, keep: Keep, cell: int) -> list[tuple[str, str]]:
        """Stream names and the texts still to be shown, at the cell's end."""
        rests = [(one.name, one.finish(keep, f"cell-{cell:02}-{one.name}.txt")) for one in self._streams.values()]
        for name, text in rests:
            self._record_text(name, text)
        return [(name, text) for name, text in rests if text]

    def display(self, content: dict[str, Any], kind: str) -> dict[str, Any]:
        """The display message as it may be shown. `kind` is display_data, execute_result or update_display_data."""
        data = {mime: self._bounded(mime, item) for mime, item in self._redactor.value(content.get("data", {})).items()}
        others = {name: item for name, item in content.items() if name != "data"}
        shown = {**self._redactor.value(others), "data": data}
        name = content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            if name in self._displayed:
                self._displayed[name]["data"] = data
            return shown
        output = {"output_type": kind, "data": data}
        self.recorded.append(output)
        if name:
            self._displayed[name] = output
        return shown

    def error(self, content: dict[str, Any]) -> dict[str, Any]:
        """An error message as it may be shown."""
        shown: dict[str, Any] = self._redactor.value(content)
        fields = {name: shown.get(name) for name in ("ename", "evalue", "traceback")}
        self.recorded.append({"output_type": "error", **fields})
        return shown

    def _bounded(self, mime: str, clean: Any) -> Any:
        """A representation that is redacted already, or what is shown in its place."""
        size = len(clean) if isinstance(clean, str) else len(str(clean))
        self._display_size += size
        limit = LONGEST_IMAGE if mime.startswith("image/") else LONGEST_DISPLAY
        if size <= limit and self._display_size <= ALL_DISPLAYS:
            return clean
        if mime == "text/plain":
            return f"{str(clean)[:2000]}\n… {size - 2000:,} characters not shown …"
        return f"<p>Not shown: {size:,} characters.</p>" if mime == "text/html" else ""

    def _record_text(self, name: str, text: str) -> None:
        if not text:
            return
        last = self.recorded[-1] if self.recorded else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            last["text"] += text
        else:
            self.recorded.append({"output_type": "stream", "name": name, "text": text})
