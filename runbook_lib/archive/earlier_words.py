"""What version 0.1.0 wrote, in today's words: an archive outlives the names that its journals were written with."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

_EVENTS = {"look": "probe"}
# by event, under today's name: the field of 0.1.0 and today's
_FIELDS = {
    "run_started": {"who": "operator"},
    "confirmed": {"by": "operator", "words": "environment"},
    "error": {"next": "next_step"},
    "shown": {"leads": "highlight"},
    "lock_lost": {"because": "reason"},
    "trigger": {"because": "detail", "flipped_at": "switched_back_at", "clean_at": "recovered_at"},
}
_LISTS_OF_FINDINGS = {"findings": "findings", "probe": "faults"}
_FINDING = {"next": "next_step"}
_SUMMARY = {"who": "operator"}
_ADVICE = {"Where: ": "where", "Next: ": "next_step"}


def event_in_current_words(event: Event) -> Event:
    """An event of any version under today's names; one of today is returned as it is."""
    name = str(event["event"])
    name = _EVENTS.get(name, name)
    current = {**_renamed(event, _FIELDS.get(name, {})), "event": name}
    findings = current.get(_LISTS_OF_FINDINGS.get(name, ""))
    if isinstance(findings, list):
        rows = [_renamed(one, _FINDING) if isinstance(one, dict) else one for one in findings]
        current[_LISTS_OF_FINDINGS[name]] = rows
    if name == "findings" and "counts" not in current and "not applied" in str(current.get("stage")):
        current["counts"] = False  # 0.1.0 said it in the stage's words alone
    return current if name != "run_finished" else _with_advice_apart(current)


def summary_in_current_words(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary in a manifest of any version, under today's names."""
    return _with_advice_apart(_renamed(summary, _SUMMARY))


def _renamed(record: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in record.items()}


def _with_advice_apart(record: dict[str, Any]) -> dict[str, Any]:
    """The end of a run of 0.1.0, whose summary held where it failed and what to do next as its last lines."""
    if "where" in record or "summary" not in record:
        return record
    lines, advice = [], {"where": "", "next_step": ""}
    for line in str(record["summary"] or "").splitlines():
        field = next((field for mark, field in _ADVICE.items() if line.startswith(mark)), "")
        if field:
            advice[field] = line.partition(": ")[2]
        else:
            lines.append(line)
    return {**record, **advice, "summary": "\n".join(lines)}
