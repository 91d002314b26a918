"""A YAML file with parameters, read strictly: a fault is reported with its line and its key, and nothing is guessed.

YAML's loader lets the last of two equal keys win, reads `12:30` as 750 and `012` as 10, and fails with a traceback on
a day that does not exist. A parameter is text, a number, true or false, nothing, or a list of these.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from runbook_lib.contract import Contract
from runbook_lib.core.errors import BadParameter
from runbook_lib.environment.yaml_limits import DEEPEST

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_STRINGS = "tag:yaml.org,2002:str"
LONGEST_BYTES = 1_000_000


class _Fault(Exception):
    """What is wrong, and in which line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")


def read_parameter_file(path: str, contract: Contract) -> dict[str, Any]:
    """The typed values that a file gives to a notebook. Raises BadParameter with line and key of every wrong one."""
    try:
        entries = _entries(_text(path))
    except OSError as error:
        raise _refused(path, f"The parameter file cannot be read: {error.strerror or error}.") from error
    except _Fault as fault:
        raise _refused(path, str(fault)) from fault
    known = {parameter.name: parameter for parameter in contract.parameters}
    faults: list[str] = []
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for line, name, node in entries:
        if name in lines:
            faults.append(f"line {line}: {name} is given twice; it is in line {lines[name]} already")
            continue
        lines[name] = line
        if name not in known:
            faults.append(f"line {line}: {contract.unknown(name)}")
            continue
        try:
            values[name] = known[name].coerce(_value(node))
        except _Fault as fault:
            faults.append(f"{fault}, in {name}")
        except ValueError as error:
            faults.append(f"line {line}: {name}: {error}")
    if faults:
        raise _refused(path, "\n".join(faults))
    return values


def _text(path: str) -> str:
    with open(path, "rb") as file:
        raw = file.read(LONGEST_BYTES + 1)
    if len(raw) > LONGEST_BYTES:
        raise _Fault(1, "the file has more than 1 MB: it is not a file of parameters")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Fault(raw.count(b"\n", 0, error.start) + 1, "the text is not UTF-8") from error


def _entries(text: str) -> list[tuple[int, str, yaml.Node]]:
    """Line, name and value of each entry, in the file's order."""
    try:
        _refuse_references(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Fault(mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _Fault(line, f"a character that YAML does not allow: {error.character!r}") from error
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise _Fault(_line(root), f"the file is {kind}, not a mapping. Write one `name: value` a line")
    return [(_line(key), _name(key), value) for key, value in root.value]


def _refuse_references(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:  # read to its end, a megabyte of brackets takes minutes
            raise _Fault(line, f"nested too deeply: {DEEPEST} levels are read")
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise _Fault(line, "anchors and aliases (& and *) are not read; write the value")
        # "!" alone is YAML's mark for quoted text in some writers
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise _Fault(line, f"the tag {tag} is not read; write the value as it is")


def _name(key: yaml.Node) -> str:
    if not isinstance(key, yaml.ScalarNode) or key.tag != _STRINGS:
        shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
        raise _Fault(_line(key), f"{shown} is not the name of a parameter")
    return str(key.value)


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        raise _Fault(_line(node), "a mapping is not a value that a parameter can have")
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int" if _INT.fullmatch(text):
            return int(text)
        case "float" if _FLOAT.fullmatch(text):
            return float(text)
    raise _Fault(_line(node), f"{text} has another meaning in YAML (a time, a date, another base). Write text in "
                              "quotes, a number in plain decimal digits")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _refused(path: str, what: str) -> BadParameter:
    return BadParameter(what, where=str(Path(path)), next_step="Correct it and run again. Nothing was contacted.")
