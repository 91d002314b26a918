"""The draft of an environment file: every key that the model requires, with what is known, what is usual, or a TODO."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from runbook_lib.adopting.lines import WIDEST, Line, Tree, merged, rendered, todo, values_of
from runbook_lib.adopting.secret_names import holds_secret
from runbook_lib.adopting.usual import WHY, usual_for
from runbook_lib.core.text import printable
from runbook_lib.environment.drafts import model_schema, node_at, resolved, todos_in, wanted_at
from runbook_lib.environment.model import Environment
from runbook_lib.environment.validation_errors import Location

MOST_ROUNDS = 20  # one fault may hide another; each round takes at least one away


def make_draft(known: Tree, name: str, *, secrets: Iterable[str] = (), public: Iterable[str] = ()) -> Tree:
    """The whole tree in the order of the model: `known` over what is usual, a TODO for each required key that is left.

    What has a form that the model does not take, and what shows one of `secrets` (unless it is one of `public`),
    becomes a TODO.
    """
    usual = merged(_lines(usual_for(name)), known)
    schema = model_schema()
    tree = _without_secrets(_ordered(schema, usual, ()), tuple(secrets), tuple(public))
    for _ in range(MOST_ROUNDS):
        places = _refused(tree)
        if not places:
            break
        for place, why in places.items():
            _replace(tree, place, why)
    return tree


def draft_text(tree: Tree, notes: Iterable[str]) -> str:
    """The file: notes as comments, then a key after the other; chapters are apart."""
    lines = [f"# {line}" for note in notes for line in textwrap.wrap(
        " ".join(printable(note).split()), WIDEST - 2, break_long_words=False, break_on_hyphens=False)]
    for key, value in tree.items():
        block = rendered({key: value})
        apart = isinstance(value, dict) and value
        lines += ["", *block] if apart or key in ("certificate_minimum_days",) else block
    return "\n".join(lines) + "\n"


def with_examples(tree: Tree) -> Any:
    """The draft's values with an example in place of each TODO: what an operator could make of it."""
    data = values_of(tree)
    for place in todos_in(data):
        holder = data
        for part in place[:-1]:
            holder = holder[part]
        example = wanted_at(place)[1]
        holder[place[-1]] = example
    return data


def _lines(value: Any) -> Any:
    """Usual figures as lines: a mapping that is empty stays a value."""
    if isinstance(value, dict) and value:
        return {key: _lines(inner) for key, inner in value.items()}
    return Line(value, WHY) if not isinstance(value, dict) else {}


def _ordered(node: dict[str, Any], given: Tree, place: Location) -> Tree:
    """The keys of one mapping of the model in its order, each given, or required and filled in."""
    tree: Tree = {}
    needed = node.get("required", [])
    for key, below in node["properties"].items():
        inner = resolved(below, model_schema())
        if key in given:
            held = given[key]
            tree[key] = _entries(inner, held, (*place, key)) if isinstance(held, dict) else held
        elif key in needed:
            tree[key] = _missing(inner, (*place, key))
    return tree


def _entries(node: dict[str, Any], held: Tree, place: Location) -> Tree:
    if "properties" in node:
        return _ordered(node, held, place)
    inner = _values(node)
    return {key: _entries(inner, value, (*place, key)) if isinstance(value, dict) else value
            for key, value in held.items()}


def _values(node: dict[str, Any]) -> dict[str, Any]:
    """The schema of the values of a mapping with free keys."""
    inner: Any = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), {})
    return resolved(inner, model_schema()) if isinstance(inner, dict) else {}


def _missing(node: dict[str, Any], place: Location) -> Any:
    """What stands for a required key of which nothing is known."""
    if "properties" in node:
        return _ordered(node, {}, place)
    if node.get("type") == "object":
        return {"example": _missing(_values(node), (*place, "example"))} if node.get("minProperties") else {}
    if "const" in node:
        return Line(node["const"], "the only choice")
    if node.get("type") == "array":
        return todo(wanted_at(place)[0], listed=True) if node.get("minItems") else Line([])
    return todo(wanted_at(place)[0])


def _refused(tree: Tree) -> dict[Location, str]:
    """Places whose values the model does not take, with the reason; empty when the draft would load."""
    try:
        Environment.model_validate_json(json.dumps(with_examples(tree)))
    except ValidationError as error:
        return {tuple(one["loc"]): str(one["msg"]) for one in error.errors() if one["type"] != "value_error"}
    return {}


def _replace(tree: Tree, place: Location, why: str) -> None:
    """Make a TODO of what stands at a place, or leave an entry out whose name cannot be one."""
    holder: Any = tree
    unnamed = place[-1] == "[key]"
    parts = [part for part in place if part != "[key]"]
    for part in parts[:-1]:
        inner = holder.get(part) if isinstance(holder, dict) else None
        if not isinstance(inner, dict):
            break
        holder = inner
    else:
        part = parts[-1]
    if unnamed:
        holder.pop(part, None)
        return
    value = holder.get(part)
    node = _node(place)
    if "properties" in node or node.get("type") == "object":
        # a mapping is wanted: its own keys are asked for, and what was there is in the comment of none
        holder[part] = _missing(node, place)
        return
    # the fault's own words may quote the value
    shown = value.value if isinstance(value, Line) else ""
    holder[part] = todo(f"{shown!s:.80} was found and does not have the form: {wanted_at(place)[0]}",
                        listed=isinstance(shown, list))


def _node(place: Location) -> dict[str, Any]:
    return resolved(node_at(place), model_schema())


def _without_secrets(tree: Tree, secrets: tuple[str, ...], public: tuple[str, ...]) -> Tree:
    patterns = tuple(value for value in secrets if value not in public)

    def cleaned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: cleaned(inner) for key, inner in value.items()}
        texts = value.value if isinstance(value.value, list) else [value.value]
        # a figure or a yes hides nothing, though a password may be the same word
        if any(_shows(text, patterns, public) for text in texts if isinstance(text, str)):
            return todo("what was found holds a secret: no draft shows one", listed=isinstance(value.value, list))
        return Line(value.value, "" if _shows(value.comment, patterns, public) else value.comment)

    return {key: cleaned(value) for key, value in tree.items()}


def _shows(text: str, secrets: tuple[str, ...], public: tuple[str, ...]) -> bool:
    whole = [value for value in secrets if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
    return holds_secret(text, whole, public)
