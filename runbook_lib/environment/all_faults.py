"""Every fault of an environment file at once: types, rules inside a part, and what parts must agree on.

The model stops at the first layer that is wrong. So each fault is written down, a value that the model takes is put in
its place, and the file is asked again. What such a value would bring along is not a fault of the file.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from runbook_lib.environment.drafts import described, node_at, shown, todos_in, wanted_at
from runbook_lib.environment.model import Environment
from runbook_lib.environment.recovery import with_defaults
from runbook_lib.environment.validation_errors import Location, format_errors, shown_line, source_of

_MISSING = "is missing"
MOST_ROUNDS = 20  # one fault may hide another; each round takes at least one away
# the smallest that the model takes where a part is required and a rule inside it is broken
_SMALLEST: Mapping[Location, Any] = {("configuration_backup",): {"no_uploads_reason": "-"}}
# whose entries other parts of the file name
_NAMED_ELSEWHERE: frozenset[Location] = frozenset((
    ("services",), ("release", "services"), ("networks",), ("secrets",), ("images",), ("alerts", "conditions"),
    ("health", "endpoints"), ("metrics",)))


def all_faults(data: dict[str, Any], sources: Mapping[Location, str]) -> list[str]:
    """One line a fault, `file: path.to.key: …`, TODOs first; empty for a file that loads."""
    found = _Found(copy.deepcopy(data))
    for place in todos_in(data):
        found.lines.append(f"{source_of(place, sources)}: {shown_line(described(place))}")
        found.replace(place)
    for _ in range(MOST_ROUNDS):
        try:
            # JSON mode: lists become tuples, everything else stays strict
            Environment.model_validate_json(json.dumps(with_defaults(found.data)))
        except ValidationError as error:
            fresh = format_errors(error, Environment, sources, found.follows)
            found.lines += [_with_example(line, error) for line in fresh if line not in found.lines]
            if not found.repair(error):
                break
        else:
            break
    return found.lines


def _with_example(line: str, error: ValidationError) -> str:
    """What is missing says what is wanted there: nothing in the file shows it."""
    for one in error.errors(include_url=False, include_context=False):
        place = tuple(one["loc"])
        if one["type"] == "missing" and line.endswith(f": {'.'.join(map(str, place))}: {_MISSING}"):
            words, example = wanted_at(place)
            whole = node_at(place).get("type") in ("object", "array") and not isinstance(example, (dict, list))
            return line if whole else f"{line}; {words}, e.g. {shown(example)}"
    return line


@dataclass
class _Found:
    """The file's data, changed until the model takes them, and what was changed."""

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    places: list[Location] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def follows(self, line: str) -> bool:
        """Whether a fault is only there because something was changed."""
        dotted = [".".join(map(str, place)) for place in self.places]
        path, _, rest = line.partition(": ")
        near = any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in dotted)
        # a rule about two places names the other one: `cache: give it, or say in without.cache`
        named = any(re.search(rf"(?<![\w.]){re.escape(one)}{'' if '.' in one else '[.]'}", rest) for one in dotted)
        gone = any(re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", line) for name in self.names)
        # which says whether a proxy is needed
        strategy = path == "proxy" and any(one.startswith("release") for one in dotted)
        return near or named or gone or strategy

    def repair(self, error: ValidationError) -> bool:
        """Put something that the model takes in place of what is wrong; false where nothing more can be."""
        changed = False
        for one in error.errors(include_url=False, include_context=False):
            place = tuple(part for part in one["loc"] if part != "[key]")
            if place:
                removes = one["type"] in ("extra_forbidden", "value_error") or "[key]" in one["loc"]
                changed |= self.remove(place) if removes else self.replace(place)
        return changed

    def replace(self, place: Location) -> bool:
        """An example in the place of a value, or of one that is missing."""
        holder = self._holder(place)
        if holder is None or (last := place[-1]) in ("extends",):
            return False
        node = node_at(place)
        value = {} if "properties" in node or node.get("type") == "object" else wanted_at(place)[1]
        if node.get("type") == "array" and not isinstance(value, list):
            value = []
        if isinstance(holder, list) and not (isinstance(last, int) and last < len(holder)):
            return False
        before = holder.get(last, self) if isinstance(holder, dict) else holder[last]
        if before == value and type(before) is type(value):
            return self.remove(place)  # the example is not what is wanted there either
        holder[last] = value
        self.places.append(place)
        return True

    def remove(self, place: Location) -> bool:
        """Without this key, or its entry of a mapping; the smallest that is taken where it is required."""
        holder = self._holder(place)
        if not isinstance(holder, dict) or place[-1] not in holder:
            return False
        del holder[place[-1]]
        if place in _SMALLEST:
            holder[place[-1]] = _SMALLEST[place]
        self.places.append(place)
        self.names |= {str(place[-1])} if place[:-1] in _NAMED_ELSEWHERE else set()
        return True

    def _holder(self, place: Location) -> Any:
        holder: Any = self.data
        for part in place[:-1]:
            try:
                holder = holder[part]
            except (KeyError, IndexError, TypeError):
                return None
        return holder if isinstance(holder, (dict, list)) else None
