"""Where a headless run is: plain lines where a log is kept, the current step in place on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

from runbook_lib.core.foreign_json import read_json
from runbook_lib.headless.outcome import HeadlessOutcome
from runbook_lib.report.events import as_counted

_MARKS = {"passed": "✔", "rolled back": "↺", "skipped": "–", "not run": "–"}

COLUMNS = 100  # where a terminal does not say how wide it is
PROBE_EVERY_S = 30  # of a watch; each probe would be a line every few seconds


class Progress:
    """Shows nothing; `Lines` and `Terminal` do."""

    def started(self, notebook: str, environment: str, mode: str) -> None:
        """The worker is about to start."""

    def journal(self, run: dict[str, Any] | None) -> None:
        """Show what the journal has that was not shown yet."""

    def stopping(self, signal_name: str, why: str) -> None:
        """The run is being stopped."""

    def finished(self, outcome: HeadlessOutcome) -> None:
        """The run is over."""


class Lines(Progress):
    """A line for each thing that happens, with the seconds since the start.

    A reader that went away, a terminal that hung up or a full disk ends the lines, never the run.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out: TextIO | None = out or sys.stderr
        self._began = time.monotonic()
        self._folder = ""
        self._offset = 0
        self._titles: dict[str, str] = {}
        self._next_probe_at = float("inf")  # in seconds left
        self._mode = ""

    def started(self, notebook: str, environment: str, mode: str) -> None:
        self._began, self._mode = time.monotonic(), mode
        self._print(f"{notebook} on {environment or 'no environment'}, {mode}")

    def journal(self, run: dict[str, Any] | None) -> None:
        if run is None:
            return
        if run["folder"] != self._folder:  # a notebook may open a second run
            self._folder, self._offset = run["folder"], 0
        try:
            with (Path(self._folder) / "journal.jsonl").open("rb") as file:
                # a line that the disk refused after all is removed again, and the next one takes its place
                self._offset = file.seek(min(self._offset, file.seek(0, os.SEEK_END)))
                fresh = file.read()
        except OSError:
            return
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.split(b"\n"):
            # showing a run must never be the reason to stop it
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                self._event(read_json(line, strict=False))

    def stopping(self, signal_name: str, why: str) -> None:
        self._print(f"{why}: sending {signal_name}")

    def finished(self, outcome: HeadlessOutcome) -> None:
        self._print(outcome.headline)  # why is printed by who asked for the run, once

    def _event(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "run_started":
                self._print(f"run {event['run_id']}")
            case "asking":
                self._print(f"  … {event['name']}: about {event['lasts_s']} s")
            case "fact":
                self._print(f"  read {event['name']} ({event.get('seconds', 0):.1f} s)")
            case "findings":
                counted = Counter(str(as_counted(one, event.get("counts", True))["verdict"])
                                  for one in event["findings"])
                counts = ", ".join(f"{count} {verdict}" for verdict, count in counted.most_common())
                self._print(f"  {event['stage']}: {counts or 'nothing to check'}")
            case "plan":
                self._plan(event)
            case "lock_held":
                self._print(f"  {event['text']}")
            case "lock_taken":
                self._print("  lock taken")
            case "probe" if event.get("fired"):
                self._print(f"  trigger: {event['fired']}")
            case "probe" if event.get("faults"):
                fault = event["faults"][0]
                self._print(f"  {event['watch']}: {fault['check']}: {fault.get('measured') or fault['verdict']}")
            case "probe":
                self._probe(event)
            case "step_started":
                self._next_probe_at = float("inf")
                self._step(event["title"])
            case "undo_finished" if event.get("more") and event.get("state") == "rolled back":
                pass  # its files are back; the line comes when its services have followed them
            case "step_finished" | "undo_finished":
                self._ended(event)

    def _plan(self, event: dict[str, Any]) -> None:
        """All of it where it is only shown; where it is applied, each step follows as it is done."""
        # imported here: a run that changes nothing needs it not
        from runbook_lib.report.plan_lines import plan_headline, plan_lines

        self._print(f"  {plan_headline(event)}")
        for line in plan_lines(event) if self._mode != "apply" else ():
            self._print(f"  {line}")

    def _probe(self, event: dict[str, Any]) -> None:
        """A watch that finds nothing shows that it goes on: now and then, with what it has counted."""
        left = float(event["seconds_left"])
        if left <= self._next_probe_at:
            self._next_probe_at = left - PROBE_EVERY_S
            self._print(f"  {event['watch']}: {left:.0f} s left; {event['counted']}")

    def _step(self, title: str) -> None:
        self._print(f"  … {title}")

    def _ended(self, event: dict[str, Any]) -> None:
        state = event.get("state", "")
        undo = "undo of " if event["event"] == "undo_finished" else ""
        message = f": {event['message']}" if event.get("message") else ""
        took = f" ({event['seconds']:.1f} s)" if event.get("seconds") else ""
        self._print(f"  {_MARKS.get(state, '✘')} {undo}{event.get('title', event.get('key'))}: {state}{took}{message}")

    def _print(self, text: str) -> None:
        self._write(f"{time.monotonic() - self._began:7.1f} s  {text}\n")

    def _write(self, text: str) -> None:
        if self._out is None:
            return
        try:
            try:
                self._out.write(text)
            except UnicodeEncodeError:
                self._out.write(text.encode("ascii", "replace").decode("ascii"))
            self._out.flush()
        except (OSError, ValueError):  # ValueError: it was closed
            self._out = None


class Terminal(Lines):
    """On a terminal, the step in progress is on the last line and is replaced by its end."""

    def __init__(self, out: TextIO | None = None) -> None:
        super().__init__(out)
        self._now = ""

    def journal(self, run: dict[str, Any] | None) -> None:
        super().journal(run)
        self._draw()

    def _step(self, title: str) -> None:
        self._now = f"… {title}"

    def _ended(self, event: dict[str, Any]) -> None:
        self._now = ""
        super()._ended(event)

    def _print(self, text: str) -> None:
        self._write("\r\x1b[2K")
        super()._print(text)

    def _draw(self) -> None:
        line = f"{time.monotonic() - self._began:7.1f} s  {self._now or '… working'}"
        # a line that went on below could not be replaced: on a narrow terminal it would be printed again and again
        self._write(f"\r\x1b[2K{line[:self._columns() - 1]}")

    def _columns(self) -> int:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return os.get_terminal_size(self._out.fileno()).columns or COLUMNS  # type: ignore[union-attr]
        return COLUMNS

    def finished(self, outcome: HeadlessOutcome) -> None:
        self._now = ""
        super().finished(outcome)


def progress_for(out: TextIO) -> Progress:
    """The kind that suits where it goes."""
    return Terminal(out) if out.isatty() and os.environ.get("TERM") != "dumb" else Lines(out)
