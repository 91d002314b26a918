"""Reports what is wrong with an environment file: where the value stands, what it should be, what it is."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any

from pydantic import BaseModel, ValidationError

from runbook_lib.core.text import did_you_mean

Location = tuple[str | int, ...]

_UNITS = {
    "_days": "days", "_s": "seconds", "_ms": "milliseconds", "_h": "hours", "_mb": "megabytes", "_gb": "gigabytes",
    "_percent": "percent", "_per_s": "requests a second", "_per_minute": "requests a minute",
}
NOW_CALLED = "it is now called"  # in the fault of each key that an earlier version took
# keys of 0.1.0 and their names of today: an edit distance does not find them
_KEYS_BEFORE_0_2 = {
    "failing_looks": "failure_threshold",
    "passes": "success_threshold",
    "absent_because": "absent_reason",
    "no_uploads_because": "no_uploads_reason",
}
# keys that moved, by their whole paths
_MOVED = {"backup.database": "database.name", "backup.user": "database.owner",
          "health.metrics_path": "health.endpoints.PATH.private"}
_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
FORMS = {
    r"^[1-9][0-9]{0,6}(MB|GB)$": "a size such as 512MB or 1GB",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a time in UTC such as 02:00",
    r"^/[A-Za-z0-9._/-]*$": "an absolute path of A-Z a-z 0-9 . _ - / (cron and nginx read it without quotes)",
    r"^[A-Za-z0-9._][A-Za-z0-9._/-]*$": "a path below the project's folder of A-Z a-z 0-9 . _ - /, "
                                             "without a slash in front",
    r"^/?[A-Za-z0-9._][A-Za-z0-9._/-]*$": "a path of A-Z a-z 0-9 . _ - /, below the project's folder or "
                                                "absolute",
    r"^([^:\s]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$": "host:port or [address]:port",
    r"^[A-Z][A-Z0-9_]+$": "a NAME in capitals, digits and underscores",
    r"^[a-z_][a-z0-9_.-]{0,62}$": "a name in small letters, digits, _ . -",
    r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$": "a name in letters, digits, _ . -",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$": "a name of Compose in letters, digits, _ . -",
    r"^[A-Za-z_][A-Za-z0-9_]{0,38}$": "a name of at most 39 letters, digits and _",
    r"^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$":
        "an address such as https://staging.example.com, without a path",
    r"^/[^\s\p{Cc}\p{Cf}]*$": "a path of a URL such as /health, without spaces and control characters",
    r"^[A-Za-z0-9:_][A-Za-z0-9.:_%-]*$": "a host name or address",
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$": "an address such as team@example.com, without a name",
    r"^[0-9]{2}_[a-z0-9_]+$": "the name of a notebook such as 20_deploy",
    r"^(https://|http://(127\.[0-9.]+|localhost|\[::1\]))\S*$": "an address that begins with https://",
    r"\S": "text that is not empty",
}


def format_errors(error: ValidationError, model: type[BaseModel], sources: Mapping[Location, str],
                  left_out: Callable[[str], bool] = lambda line: False) -> list[str]:
    """One line a fault: `file: path.to.key: should be …, got …`; `sources` has the file that set each key.

    `left_out` says which lines, without their file, are not wanted.
    """
    lines = []
    details = error.errors(include_url=False)
    below = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    for detail in details:
        # a list whose entries are refused is not empty, though none of them is left
        if detail["type"] == "too_short" and detail["loc"] in below:
            continue
        place = tuple(part for part in detail["loc"] if part != "[key]")
        dotted = ".".join(str(part) for part in place)
        for message in _messages(detail, place, model):
            line = f"{dotted}: {message}" if dotted else message
            if not left_out(line):
                lines.append(f"{_source_of(line, sources)}: {shown_line(line)}")
    return lines


def shown_line(line: str) -> str:
    """The line with its control characters as YAML escapes them: a key may hold one, which a terminal would obey."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)


def _messages(detail: Any, place: Location, model: type[BaseModel]) -> list[str]:
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"]).splitlines()
    if kind == "extra_forbidden":
        moved = _MOVED.get(".".join(str(part) for part in place))
        return [f"unknown key; {NOW_CALLED} {moved!r}" if moved else
                f"unknown key{_current_name(str(place[-1]), _sibling_keys(place, model))}"]
    if kind == "missing":
        return ["is missing"]
    if kind in ("string_too_short", "too_short"):
        return ["should not be empty"]
    return [f"should be {_expectation(kind, context, place)}, got {_shown(detail['input'])}"]


def _current_name(key: str, known: list[str]) -> str:
    renamed = _KEYS_BEFORE_0_2.get(key)
    return f"; {NOW_CALLED} {renamed!r}" if renamed in known else did_you_mean(key, known)


def _expectation(kind: str, context: Mapping[str, Any], place: Location) -> str:
    unit = _unit_of(str(place[-1])) if place else ""
    if kind.startswith("int_"):
        return f"a whole number{unit}"
    if kind.startswith("float_"):
        return f"a number{unit}"
    if kind.startswith(("greater_than", "less_than")):
        bound = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}[kind]
        word = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}[bound]
        return f"{word} {context[bound]:.16g}"
    if kind == "literal_error":
        return f"one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        return FORMS.get(context["pattern"], f"text of the form {context['pattern']}")
    return _KINDS.get(kind, kind.replace("_", " "))


def _unit_of(key: str) -> str:
    endings = [ending for ending in _UNITS if key.endswith(ending)]
    return f" of {_UNITS[max(endings, key=len)]}" if endings else ""


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    # before repr: True and False are not how YAML spells them
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _source_of(line: str, sources: Mapping[Location, str]) -> str:
    """The file that set the most specific key with which the line begins."""
    known = [place for place in sources if line.startswith(".".join(str(part) for part in place))]
    return sources[max(known, key=len)] if known else "environment"


def source_of(place: Location, sources: Mapping[Location, str]) -> str:
    """The file that set what stands at a place."""
    known = [one for one in sources if place[:len(one)] == one]
    return sources[max(known, key=len)] if known else "environment"


def _sibling_keys(place: Location, model: type[BaseModel]) -> list[str]:
    annotation: Any = model
    for part in place[:-1]:
        annotation = _inside(annotation, part)
    return list(annotation.model_fields) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _inside(annotation: Any, part: str | int) -> Any:
    """The type of what lies at `part` inside a value of this type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return _without_none(field.annotation) if field else None
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return _without_none(arguments[1])
    return _without_none(arguments[0]) if arguments else None


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        return next(argument for argument in typing.get_args(annotation) if argument is not type(None))
    return annotation
