"""docs/reference/environment-file.md, made from the typed model of an environment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.environment.model import Environment

HEAD = """# The environment file

Made from the model in `runbook_lib/environment/` by `python -m runbook_lib.cli.reference`; a test keeps it fresh.

One file an environment, `parameters/environments/NAME.yaml`. A file may begin with `extends: NAME` (or a list; later
ones win): mappings merge, lists and single values replace. Unknown keys, missing keys and wrong types are refused
before any connection is opened, and the message names file, key and value.
[How to add an environment](../how-to/add-an-environment.md).
"""
# text forms that have a name of their own, by the pattern that the model holds them to
FORMS = {
    r"\S": "text",
    r"^/[A-Za-z0-9._/-]*$": "absolute path",
    r"^/[^\s\p{Cc}\p{Cf}]*$": "path of a URL",
    r"^[1-9][0-9]{0,6}(MB|GB)$": "memory, e.g. 512MB",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "time of day, HH:MM",
    r"^[a-z_][a-z0-9_.-]{0,62}$": "name in lower case",
    r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$": "name in letters, digits, _ . -",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$": "name of Compose",
    r"^[A-Za-z_][A-Za-z0-9_]{0,38}$": "name of at most 39 letters, digits and _",
    r"^[A-Z][A-Z0-9_]+$": "NAME in upper case",
    r"^[A-Za-z0-9][A-Za-z0-9.:-]*$": "host name or address",
    r"^[^:\s]+:[0-9]+$": "host:port",
    r"^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$": "https or http address without a path",
}
LONGEST_SAMPLE = 48  # characters; longer values are better read in the file
WORDS = {"string": "text", "boolean": "true or false", "null": "nothing"}


def environment_page(example: Mapping[str, Any]) -> str:
    """The whole page (Markdown): one section for each mapping of the file, one line for each key.

    `example` is an environment file as read from YAML; its values are shown next to the keys.
    """
    schema = Environment.model_json_schema()
    return "\n".join([HEAD, *_sections("", schema, schema["$defs"], example)])


def _sections(path: str, schema: dict[str, Any], parts: dict[str, Any], example: Any) -> list[str]:
    """The section of a mapping, then those of the mappings in it."""
    shown = example if isinstance(example, dict) else {}
    about = " ".join(schema.get("description", "").split())
    title = f"`{path}`" if path else "Top level"
    sections = [f"## {title}\n\n{about}\n", "| key | value | default | in staging |", "|---|---|---|---|"]
    for key, value in schema["properties"].items():
        default = "required" if key in schema.get("required", []) else _default(value)
        sections.append(f"| `{key}` | {_form(value, parts)} | {default} | {_sample(shown.get(key))} |")
    sections.append("")
    for key, value in schema["properties"].items():
        for suffix, below in _mappings(value, parts):
            inner = shown.get(key)
            if suffix and isinstance(inner, dict):
                inner = next(iter(inner.values()), None)
            sections += _sections(f"{path}.{key}{suffix}".lstrip("."), below, parts, inner)
    return sections


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    return "none" if default in (None, "", [], ()) else f"`{_yaml(default)}`"


def _sample(value: Any) -> str:
    """One value of the example, where it fits into a column."""
    text = "" if value is None or isinstance(value, dict | list) else _yaml(value)
    return f"`{text}`" if 0 < len(text) <= LONGEST_SAMPLE else ""


def _mappings(value: dict[str, Any], parts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The mappings that a key holds, each with what follows the key in its path."""
    found = []
    for kind in (value, *value.get("anyOf", [])):
        for suffix, below in (("", kind), (".<name>", _values(kind)), ("[]", kind.get("items", {}))):
            if isinstance(below, dict) and "$ref" in below:
                found.append((suffix, _part(below, parts)))
    return found


def _part(reference: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    return dict(parts[reference["$ref"].rpartition("/")[2]])


def _form(value: dict[str, Any], parts: dict[str, Any]) -> str:
    """What a key's value looks like, in words."""
    if "anyOf" in value:
        return " or ".join(_form(one, parts) for one in value["anyOf"] if one.get("type") != "null")
    if "$ref" in value:
        return "mapping"
    if "enum" in value:
        return ", ".join(f"`{_yaml(one)}`" for one in value["enum"])
    if "const" in value:
        return f"`{_yaml(value['const'])}`"
    kind = str(value.get("type", ""))
    if kind == "array":
        return f"list of {_many(_form(value.get('items', {}), parts))}"
    if kind == "object":
        return f"mapping of names to {_many(_form(_values(value), parts))}"
    if kind in ("integer", "number"):
        return _number(kind, value)
    return FORMS.get(str(value.get("pattern", "")), WORDS.get(kind, kind))


def _many(form: str) -> str:
    for one in ("mapping", "text", "absolute path", "whole number"):
        if form == one or form.startswith(f"{one} from"):
            return f"{one}s{form.removeprefix(one)}"
    return form


def _values(value: dict[str, Any]) -> dict[str, Any]:
    """The form that all values of an open mapping have."""
    open_values = value.get("additionalProperties")
    return next(iter(value.get("patternProperties", {}).values()), open_values if isinstance(open_values, dict) else {})


def _number(kind: str, value: dict[str, Any]) -> str:
    word = "whole number" if kind == "integer" else "number"
    low, above, high = value.get("minimum"), value.get("exclusiveMinimum"), value.get("maximum")
    bounds = [f"above {above:.16g}" if above is not None else f"from {low:.16g}" if low is not None else "",
              f"to {high:.16g}" if high is not None else ""]
    return " ".join([word, *(bound for bound in bounds if bound)])


def _yaml(value: Any) -> str:
    """A value as it is written in the file."""
    return str(value).lower() if isinstance(value, bool) else str(value)
