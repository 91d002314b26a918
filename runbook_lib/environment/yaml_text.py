"""One YAML text as plain values: strict, in bounds, and read once however often it is asked for."""

from __future__ import annotations

import pickle
import re
from functools import lru_cache
from typing import Any

import yaml

from runbook_lib.environment.yaml_limits import fault_of

# libyaml's loader where PyYAML has it: a run reads several files before its first cell
_FastestLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PlainLoader(_FastestLoader):  # type: ignore[misc]
    """YAML where `yes`, `02:00` and `2025-10-15` stay text, and a key given twice is an error."""


# PyYAML's own rules of YAML 1.1 make True of `yes`, and 7200 of `2:00:00`
_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _form, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?[0-9]+\.[0-9]+$", "-0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("merge", r"^<<$", "<"),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_form), list(_first))


class YamlFault(Exception):
    """What is wrong with a text, in words that begin with its line where it has one."""


def mapping_of(text: str) -> dict[str, Any]:
    """The mapping that a text holds; the caller's own, to be changed freely. Raises YamlFault."""
    try:
        return dict(pickle.loads(_parsed(text)))
    except yaml.YAMLError as error:
        raise YamlFault(f"is not YAML: {_problem(error)}") from error
    except ValueError as error:  # a number of thousands of digits
        raise YamlFault(f"holds a value that cannot be read: {error}") from error


@lru_cache(maxsize=32)
def _parsed(text: str) -> bytes:
    """The mapping of a text, pickled: what its readers change is their own. Raises YamlFault and ValueError.

    Most environments extend the same few files, and each would be read three times over for each of them.
    """
    fault = fault_of(text, _PlainLoader)
    if fault:
        raise YamlFault(fault)
    loader = _PlainLoader(text)
    node = loader.get_single_node()
    _reject_repeated_keys(node)
    data = loader.construct_document(node) if node else {}
    if not isinstance(data, dict):
        raise YamlFault("should be a mapping of keys to values")
    return pickle.dumps(data)


def _reject_repeated_keys(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            # PyYAML takes the last one silently, and an operator reads the first
            if key.value in seen:
                raise YamlFault(f"line {key.start_mark.line + 1}: the key {key.value!r} is given twice")
            seen.add(key.value)
            _reject_repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _reject_repeated_keys(item)


def _problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
