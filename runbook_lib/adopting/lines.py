"""A draft as a tree of lines: each a value, or a TODO, with where it is known from, or why it is not."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Any

import yaml

from runbook_lib.core.text import printable
from runbook_lib.environment.drafts import TODO

WIDEST = 120  # columns
Tree = dict[str, Any]  # of trees and lines


@dataclass(frozen=True)
class Line:
    """One value of the draft. `comment` is where it is known from, or what to write in place of a TODO."""

    value: Any
    comment: str = ""

    @property
    def is_todo(self) -> bool:
        """Whether the value is left to an operator."""
        return self.value in (TODO, [TODO])


def todo(comment: str = "", *, listed: bool = False) -> Line:
    """What could not be known, and why."""
    return Line([TODO] if listed else TODO, comment)


def merged(below: Tree, above: Tree) -> Tree:
    """Both trees; where they have the same line, that of `above`."""
    tree = dict(below)
    for key, value in above.items():
        held = tree.get(key)
        tree[key] = merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return tree


def values_of(tree: Any) -> Any:
    """The tree as plain data of its own, without comments."""
    if isinstance(tree, dict):
        return {key: values_of(value) for key, value in tree.items()}
    return list(tree.value) if isinstance(tree.value, list) else tree.value


def rendered(tree: Tree, indent: int = 0) -> list[str]:
    """The lines of YAML of a tree, with the comments behind the values, or above where they do not fit.

    A comment that all lines of a mapping have stands behind its name.
    """
    lines: list[str] = []
    for key, value in tree.items():
        head = f"{' ' * indent}{_scalar(key)}:"
        if isinstance(value, dict) and value:
            common = comments_of(value)
            shared = next(iter(common)) if len(common) == 1 else ""
            lines += _headed(head, shared, indent)
            lines += rendered(_uncommented(value) if shared else value, indent + 2)
        else:
            lines += [f"{head} {{}}"] if isinstance(value, dict) else _line(head, value, indent)
    return lines


def comments_of(value: Any) -> set[str]:
    """All comments in a tree."""
    if isinstance(value, dict):
        return {comment for inner in value.values() for comment in comments_of(inner)}
    return {value.comment}


def _uncommented(value: Any) -> Any:
    return {key: _uncommented(inner) for key, inner in value.items()} if isinstance(value, dict) else Line(value.value)


def _line(head: str, line: Line, indent: int) -> list[str]:
    return _headed(f"{head} {_value(line.value)}", line.comment, indent)


def _headed(text: str, words: str, indent: int) -> list[str]:
    """A line with its comment behind it, or above where both are too long for one."""
    comment = " ".join(printable(words).split())
    if not comment:
        return [text]
    if len(text) + len(comment) + 4 <= WIDEST:
        return [f"{text}  # {comment}"]
    above = textwrap.wrap(comment, WIDEST - indent - 2, break_long_words=False, break_on_hyphens=False)
    return [*(f"{' ' * indent}# {one}" for one in above), text]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_value(one)}" for key, one in value.items()) + "}"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    # in a list of one the dumper quotes what flow style needs, and writes no end mark
    return yaml.safe_dump([str(value)], default_flow_style=True, width=10**6, allow_unicode=True).strip()[1:-1]
