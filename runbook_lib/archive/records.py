"""Values as they are journalled: plain JSON, redacted, bounded."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Redactor, Secret

LONGEST_TEXT = 256_000  # characters of one text in the journal; longer output belongs in an evidence file
LONGEST_IMAGE = 6_000_000  # characters of one base64 image


def plain(value: Any) -> Any:
    """`value` in types that JSON knows. Plans keep their titles and commands; secrets become their names."""
    if value is None or isinstance(value, bool | int | str | Secret):
        return str(value) if isinstance(value, Secret | Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Plan):
        return plan_record(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return _foreign(value)


def _foreign(value: Any) -> Any:
    """Values of libraries: pydantic models, numpy scalars; anything else by its text."""
    if isinstance(value, PurePath):
        return str(value)
    for method in ("model_dump", "item"):
        convert = getattr(value, method, None)
        if callable(convert):
            try:
                return plain(convert())
            except (TypeError, ValueError):
                break
    return str(value)


def plan_record(plan: Plan) -> dict[str, Any]:
    """A plan as the report shows it: everything that is hashed, and the texts for people next to it."""
    record: dict[str, Any] = plain(plan.describe())
    record["undo_on_failure"] = plan.undo_on_failure
    record["skipped"] = [{"title": left.title, "reason": left.reason} for left in plan.skipped]
    for described, step in zip(record["steps"], plan.steps, strict=True):
        described.update(_step_words(plan, step))
    return record


def _step_words(plan: Plan, step: Step) -> dict[str, Any]:
    return {
        "title": step.title,
        "why": step.why,
        "does": [str(action) for action in step.actions],
        "undoes": [str(action) for action in plan.undone_by(step)],
    }


def bounded(value: Any) -> Any:
    """The same structure with over-long texts cut to head and tail, saying how much is left out."""
    if isinstance(value, str):
        return truncate(value, LONGEST_TEXT)
    if isinstance(value, dict):
        return {key: _image(item) if str(key).startswith("image/") else bounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [bounded(item) for item in value]
    return value


def truncate(text: str, limit: int) -> str:
    """At most about `limit` characters of `text`: three quarters of them its head, the rest its tail."""
    if len(text) <= limit:
        return text
    head, tail = limit * 3 // 4, limit // 4
    left_out = len(text) - head - tail
    return f"{text[:head]}\n… {left_out:,} characters left out …\n{text[-tail:]}"


def _image(content: Any) -> Any:
    if isinstance(content, str) and len(content) > LONGEST_IMAGE:
        return ""
    return content


def recorded(fields: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Fields of an event as they may be written down."""
    redacted = redactor.value(plain(fields))
    kept: dict[str, Any] = bounded(redacted)
    return kept
