"""The report of one run: a single HTML file that opens offline, without script, and pulls in nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runbook_lib.archive import journal
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import sha256_of, write_atomically
from runbook_lib.archive.notebook import FILE as NOTEBOOK
from runbook_lib.core.text import printable
from runbook_lib.report import page
from runbook_lib.report.grouping import Check, folded
from runbook_lib.report.labels import block, clock, label, look_of, moment, run_look, size, tail
from runbook_lib.report.run_report import STAMPS, Event, StepTold, Story, tell
from runbook_lib.report.values import Table, cell, shape

FILE = "report.html"
TAIL_BYTES = 20_000


def write_report(folder: str | os.PathLike[str]) -> Path:
    """Write report.html into a run's folder; returns its path. The report of a sealed run is left as it is."""
    path = Path(folder).resolve()
    target = path / FILE
    if target.exists() and (path / MANIFEST).exists():
        return target
    return write_atomically(target, rendered(tell(path), path))


def rendered(story: Story, folder: Path) -> str:
    """The page as text. The same journal and evidence always give the same bytes."""
    steps = [_step(step, number, folder, _span(story.steps)) for number, step in enumerate(story.steps, start=1)]
    ran = [step for step in steps if step["in_trouble"]]
    return page.render(
        "report.html.j2",
        story=story,
        run=story.run,
        look=run_look(story.run.verdict, story.run.state, story.run.exit_code),
        summary=printable(story.summary),
        target_title=_target_title(story),
        host=printable(story.started.get("host") or ""),
        ended=_ended(story),
        steps=steps,
        walked=any(step.at for step in story.steps),
        trouble=ran,
        trouble_tone="bad" if ran or story.run.verdict == "failed" else "unsure"
        if story.run.verdict == "inconclusive" else "warn",
        errors=_errors(story),
        open_findings=[_finding(one) for one in story.open_findings],
        stages=[{"name": _heading(name), "rows": [_finding(one) for one in folded(rows)]}
                for name, rows in story.findings if rows],
        **_plan(story),
        leading=[_exhibit(event, folder) for event in story.shown if event.get("highlight")],
        exhibits=[_exhibit(event, folder) for event in [*story.shown, *_charted(story.facts)]
                  if not event.get("highlight")],
        facts=[{"name": label(str(fact.get("name", "fact"))), "seconds": fact.get("seconds"),
                "shaped": shape(fact.get("value"))} for fact in story.facts],
        parameters=_parameters(story.started.get("parameters")),
        redacted=printable(", ".join(map(str, story.started.get("redacted") or []))),
        moments=_moments(story),
        files=[_file(folder, name) for name in _evidence(folder)],
        provenance=_provenance(story, folder),
        cells=[_cell(event) for event in story.cells],
    )


def _errors(story: Story) -> list[dict[str, str]]:
    """Errors in their own words, without the lines that the failing step has said already."""
    told = [step.message for step in story.trouble if step.message]
    told += [f"{one.get('check')}: {one.get('measured')}" for one in story.open_findings if one.get("measured")]
    errors: list[dict[str, str]] = []
    for error in story.errors:
        lines = printable(error.get("what") or "").splitlines()
        fresh = [line for line in lines if not any(words in line or line in words for words in told)]
        shown = {"what": "\n".join(fresh)} | {key: printable(error.get(key) or "") for key in ("where", "next_step")}
        if (fresh or shown["next_step"]) and shown not in errors:
            errors.append(shown)
    return errors


def _step(step: StepTold, number: int, folder: Path, span: tuple[float, float]) -> dict[str, Any]:
    start, length = span
    bar = None
    if step.started_s is not None and length > 0:
        left = 100 * (step.started_s - start) / length
        bar = (round(left, 2), round(min(100 * (step.seconds or 0.0) / length, 100 - left), 2))
    return {
        "number": number, "title": printable(step.title), "host": printable(step.host), "look": look_of(step.state),
        "message": block(step.message, 4000), "seconds": step.seconds, "exit_code": step.exit_code, "at": step.at,
        "undo_state": printable(step.undo_state), "in_trouble": step.in_trouble, "bar": bar,
        "tail": _tail(step, folder) if step.in_trouble else "",
        "files": [_file(folder, name) for name in (*step.evidence, *step.undo_evidence) if (folder / name).is_file()],
    }


def _span(steps: list[StepTold]) -> tuple[float, float]:
    """Start and length in seconds of the time in which steps ran."""
    ran = [(step.started_s, step.started_s + (step.seconds or 0.0)) for step in steps if step.started_s is not None]
    if not ran:
        return 0.0, 0.0
    start = min(begin for begin, _ in ran)
    return start, max(end for _, end in ran) - start


def _tail(step: StepTold, folder: Path) -> str:
    """The last lines of what the action it ended at put out, its error stream first; else of an undo that failed."""
    undo = [] if step.undo_state in ("", "rolled back") else step.undo_evidence
    for name in (*reversed(step.evidence), *reversed(undo)):
        path = (folder / name).resolve()
        if path.is_file() and path.is_relative_to(folder) and path.stat().st_size:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - TAIL_BYTES))
                text = tail(file.read().decode("utf-8", "replace"))
            if text.strip():
                return text
    return ""


def _finding(one: Check) -> dict[str, Any]:
    return {"look": look_of(str(one.get("verdict", ""))),
            **{name: block(one.get(name) or "", 2000) for name in ("check", "measured", "expected", "next_step")}}


def _target_title(story: Story) -> str:
    words = (story.target.get("title"), story.target.get("server"))
    return printable(" · ".join(str(word) for word in words if word and word != story.run.environment))


def _ended(story: Story) -> str:
    if not story.finished:
        return ""
    return clock(story.finished.get("last_sign_of_life") or story.finished.get("at"))


def _plan(story: Story) -> dict[str, Any]:
    plan = story.plan.get("plan") or {}
    return {
        "plan_name": label(str(plan.get("name", ""))),
        "plan_target": printable(plan.get("target", "")),
        "plan_reason": printable(plan.get("reason", "")),
        "plan_hash": printable(story.plan.get("hash") or ""),
        "skipped": [{name: printable(left.get(name, "")) for name in ("title", "reason")}
                    for left in plan.get("skipped") or []],
        "planned": [{"title": printable(step.title), "why": printable(step.why),
                     "does": [block(line) for line in step.does],
                     "undoes": [block(line) for line in step.undoes]} for step in story.steps],
    }


def _heading(name: str) -> str:
    words = label(name)
    return words[:1].upper() + words[1:]


def _parameters(values: Any) -> Table | str:
    """Parameters under their own names, as one would type them."""
    if not isinstance(values, dict) or not values:
        return "none"
    return Table(("", "value"), tuple((printable(name), cell(value)) for name, value in values.items()))


def _charted(facts: list[Event]) -> list[Event]:
    return [fact for fact in facts if fact.get("chart")]


def _exhibit(event: Event, folder: Path) -> dict[str, Any]:
    charts = event.get("chart") or []
    pictures = [page.picture_from_file(folder, name) for name in ([charts] if isinstance(charts, str) else charts)]
    content = event.get("table") or event.get("text") if event["event"] == "shown" else None
    return {"title": label(str(event.get("title") or event.get("name") or "")),
            "first": event.get("highlight") == "first",
            "pictures": [picture for picture in pictures if picture], "shaped": shape(content) if content else None}


def _moments(story: Story) -> Table | None:
    rows = tuple((label(event["event"]), moment(event.get("at")),
                  printable(", ".join(f"{name} {value}" for name, value in event.items() if name not in STAMPS)))
                 for event in story.moments)
    return Table(("what", "when", "said"), rows) if rows else None


def _evidence(folder: Path) -> list[str]:
    rooms = [path for room in ("evidence", "charts") for path in sorted((folder / room).glob("*")) if path.is_file()]
    single = [folder / name for name in (journal.FILE, NOTEBOOK) if (folder / name).is_file()]
    return [path.relative_to(folder).as_posix() for path in single + rooms if not path.name.endswith(".partial")]


def _file(folder: Path, name: str) -> dict[str, str]:
    path = folder / name
    return {"name": printable(name), "href": quote(name), "size": size(path.stat().st_size), "sha256": sha256_of(path)}


def _provenance(story: Story, folder: Path) -> Table:
    versions = story.started.get("versions")
    previous = story.sealed.get("previous") or {}
    rows = [
        ("run", f"{story.run.run_id}"),
        ("runbooks from", _checkout(story.started.get("git"))),
        ("versions", shape_text(versions)),
        ("previous run", f"{previous['run_id']}, manifest sha256 {previous['manifest_sha256']}" if previous
         else "none: the first run of this archive" if story.sealed else "not sealed yet"),
        ("sealed by", "the next start, because its own process was gone" if story.finished.get("abandoned")
         else "its own process" if story.sealed else "nobody yet"),
    ]
    return Table(("", "value"), tuple(rows))


def shape_text(value: Any) -> str:
    """A mapping in one line, other values as text, a dash for nothing."""
    if isinstance(value, dict):
        return ", ".join(f"{label(str(name))} {printable(item)}" for name, item in value.items())
    return printable(value) if value else "–"


def _checkout(git: Any) -> str:
    """Which state of the runbooks was used, in words."""
    if not isinstance(git, dict):
        return shape_text(git)
    said = shape_text({name: value for name, value in git.items() if name != "clean"})
    return f"{said}, with uncommitted changes" if git.get("clean") is False else said


def _cell(event: Event) -> dict[str, Any]:
    outputs = [_output(output) for output in event.get("outputs") or [] if isinstance(output, dict)]
    raised = any(isinstance(o, dict) and o.get("output_type") == "error" for o in event.get("outputs") or [])
    return {"source": block(_joined(event.get("source", ""))), "raised": raised,
            "outputs": [output for output in outputs if output["text"] or output["picture"]]}


def _output(output: Event) -> dict[str, Any]:
    """A cell's output as a picture or as text. HTML of a cell is never shown as HTML."""
    data = output.get("data") or {}
    words = block(_joined(data.get("text/plain", "")))
    if "image/png" in data:
        found = page.picture_from_base64(_joined(data["image/png"]), words or "a chart")
        return {"picture": found, "text": "" if found else words}
    if "image/svg+xml" in data:
        return {"picture": page.picture_from_svg(_joined(data["image/svg+xml"])), "text": ""}
    if output.get("output_type") == "error":
        trace = _joined(output.get("traceback") or []) or f"{output.get('ename')}: {output.get('evalue')}"
        return {"picture": None, "text": block(trace)}
    return {"picture": None, "text": words or block(_joined(output.get("text", "")))}


def _joined(content: Any) -> str:
    if isinstance(content, list):
        glue = "\n" if content and not str(content[0]).endswith("\n") else ""
        return glue.join(map(str, content))
    return str(content)
