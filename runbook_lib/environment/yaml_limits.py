"""What no file of an environment needs, and no reader of ours could bear.

Deep nesting and aliases that multiply: PyYAML builds such a text without end, or until Python's own stack is used up.
Tags of its own and collections as keys: PyYAML fails at them with errors of Python. Its events come one by one.
"""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 50  # levels
MOST_VALUES = 100_000  # with what aliases repeat
LONGEST = 2_000_000  # characters
_KINDS: dict[type[yaml.Event], str] = {yaml.SequenceStartEvent: "a list", yaml.MappingStartEvent: "a mapping"}
_STANDARD = "tag:yaml.org,2002:"  # what `!!` stands for


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
    return _foreign_form(text, loader)


def collection_key(text: str) -> str:
    """The first key that is a list or a mapping, with its line; empty where there is none. Raises yaml.YAMLError."""
    return _foreign_form(text, yaml.SafeLoader, tags=False)


def _foreign_form(text: str, loader: Any, *, tags: bool = True) -> str:
    """The first tag, or key that is not a plain value, with its line; empty where there is none.

    A tag forces a type on a value that may not have its form; a file of an environment says it by the form alone.
    """
    collections: dict[str | None, str] = {}  # anchors of collections: an alias of one may be a key as well
    open_ones: list[tuple[bool, int]] = []  # whether it is a mapping, and how many children it has had
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionEndEvent):
            open_ones.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        tag = getattr(event, "tag", None)
        if tags and tag is not None:
            return f"line {_line(event)}: the tag {_written(tag)} is not used in an environment; leave it out"
        kind = _KINDS.get(type(event), "")
        if isinstance(event, yaml.AliasEvent):
            kind = collections.get(event.anchor, "")
        else:
            collections[event.anchor] = kind
        if open_ones:
            mapping, children = open_ones.pop()
            # in a mapping, keys and values take turns
            if kind and mapping and children % 2 == 0:
                return f"line {_line(event)}: {kind} as a key; a key is one word or text"
            open_ones.append((mapping, children + 1))
        if isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((isinstance(event, yaml.MappingStartEvent), 0))
    return ""


def _written(tag: str) -> str:
    if tag.startswith(_STANDARD):
        return f"!!{tag.removeprefix(_STANDARD)}"
    return tag if tag.startswith("!") else f"<{tag}>"


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1
