"""The outputs of one cell: redacted, bounded, and kept in nbformat's shape for the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runbook_lib.core.redaction import Redactor

SHOWN_HEAD = 120_000  # characters of a stream that a cell shows as they come
SHOWN_TAIL = 40_000  # and of its end, shown when the cell is over
KEPT_HEAD = 4_000_000  # characters that go to the evidence file
KEPT_TAIL = 1_000_000
LONGEST_DISPLAY = 200_000  # characters of one text representation
LONGEST_IMAGE = 4_000_000
ALL_DISPLAYS = 12_000_000

Keep = Callable[[str, str], str]  # evidence(name, content) -> relative path


class Stream:
    """One of a cell's streams. Memory stays bounded however much is printed."""

    def __init__(self, name: str, redactor: Redactor) -> None:
        self.name = name
        self._redactor = redactor
        self._held = ""  # may be the beginning of a secret whose rest is still to come
        self._kept: list[str] = []
        self._kept_size = 0
        self._tail = ""
        self.size = 0

    def feed(self, text: str) -> str:
        """Take text in; returns what may be shown of it now."""
        self.size += len(text)
        if self._kept_size >= KEPT_HEAD:
            self._tail = (self._tail + text)[-2 * KEPT_TAIL :]
            return ""
        clean = self._redactor.text(self._held + text)
        held = self._redactor.unfinished(clean)
        self._held = clean[len(clean) - held :]
        return self._keep(clean[: len(clean) - held])

    def finish(self, keep: Keep, evidence: str) -> str:
        """The rest that is shown when the cell is over: what was held back, or the notice and the tail."""
        rest = self._keep(self._redactor.text(self._held)) if self._held else ""
        self._held = ""
        if self._kept_size <= SHOWN_HEAD and not self._tail:
            return rest
        whole = "".join(self._kept)
        if self._tail:
            # its first characters may be the end of a secret that was cut
            tail = self._redactor.text(self._tail)[200:][-KEPT_TAIL:]
            whole += f"\n… {max(0, self.size - len(whole) - len(tail)):,} characters left out …\n{tail}"
        beyond = whole[SHOWN_HEAD:]
        if len(beyond) <= SHOWN_TAIL:
            return rest + beyond
        path = keep(evidence, whole)
        notice = f"\n… {self.size - SHOWN_HEAD - SHOWN_TAIL:,} characters not shown here; see {path} …\n"
        return rest + notice + beyond[-SHOWN_TAIL:]

    def _keep(self, clean: str) -> str:
        room = max(0, SHOWN_HEAD - self._kept_size)
        kept, beyond = clean[: KEPT_HEAD - self._kept_size], clean[KEPT_HEAD - self._kept_size :]
        self._kept.append(kept)
        self._kept_size += len(kept)
        self._tail = (self._tail + beyond)[-2 * KEPT_TAIL :]
        return clean[:room]


class CellOutputs:
    """The outputs of one cell, in order, as they are recorded; displays are updated in place."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._streams: dict[str, Stream] = {}
        self._displayed: dict[str, dict[str, Any]] = {}
        self._display_size = 0
        self.recorded: list[dict[str, Any]] = []

    def stream(self, name: str, text: str) -> str:
        """Take text of a stream in; returns what may be shown of it now."""
        shown = self._streams.setdefault(name, Stream(name, self._redactor)).feed(text)
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
        data = {mime: self._bounded(mime, item) for mime, item in content.get("data", {}).items()}
        shown = {**content, "data": data, "metadata": self._redactor.value(content.get("metadata", {}))}
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

    def _bounded(self, mime: str, item: Any) -> Any:
        image = mime.startswith("image/") and mime != "image/svg+xml"
        clean = item if image else self._redactor.value(item)
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
