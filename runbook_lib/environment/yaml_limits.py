"""What no file of an environment needs, and no reader of ours could bear: deep nesting, and aliases that multiply.

PyYAML builds such a text without end, or until Python's own stack is used up. Its events come one by one.
"""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 50  # levels
MOST_VALUES = 100_000  # with what aliases repeat
LONGEST = 2_000_000  # characters


def fault_of(text: str, loader: Any) -> str:
    """Why a YAML text is not read, with its line; empty when nothing is wrong. Raises yaml.YAMLError."""
    if len(text) > LONGEST:
        return f"has {len(text):,} characters, more than {LONGEST:,}"
    sizes: dict[str, int] = {}
    open_ones: list[tuple[str | None, int]] = []  # anchor, and values so far
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((event.anchor, 1))
            if len(open_ones) > DEEPEST:
                return f"line {_line(event)}: nested deeper than {DEEPEST} levels"
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_ones.pop()
        elif isinstance(event, yaml.AliasEvent):
            if any(event.anchor == name for name, _ in open_ones):
                return f"line {_line(event)}: *{event.anchor} refers to what it is part of"
            anchor, size = None, sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, 1
        else:
            continue
        if anchor is not None:
            sizes[anchor] = size
        if open_ones:
            name, before = open_ones[-1]
            open_ones[-1] = (name, before + size)
            size += before
        if size > MOST_VALUES:
            return f"line {_line(event)}: more than {MOST_VALUES:,} values, with what aliases repeat"
    return ""


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1
