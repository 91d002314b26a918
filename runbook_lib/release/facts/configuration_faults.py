"""What is wrong with a release's configuration, in file and line, from what programs print of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment.yaml_limits import collection_key

LONGEST_MESSAGE = 1500  # characters of what a program prints about a fault
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_TELLING = re.compile(
    r"\[emerg\]|FATAL|\bFAILED\b|error|Error|>>>|[Bb]ad directive|parse|line \d+|unrecognized|invalid|unknown|"
    r"not found|cannot|can't|No such file|health check", re.ASCII)


def explain(output: str, files: Mapping[str, str], mounts: list[tuple[str, str]]) -> str:
    """The lines that name the fault, with paths as they are in the release, and the line where the program has none."""
    text = _COLOURS.sub("", output)
    for source, target in sorted(mounts, key=lambda one: -len(one[1])):
        text = re.sub(rf"(?<![\w.-]){re.escape(target)}(?=[/:\s\"']|$)", source, text)
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)] or lines[-3:]
    places = [place for line in lines for place in _places(line, lines, files)]
    return head_of("; ".join(dict.fromkeys([*places, *telling[:4]])), LONGEST_MESSAGE)


def _places(line: str, lines: list[str], files: Mapping[str, str]) -> list[str]:
    """`file:line` for messages that lack one of the two: Redis names no file, PostgreSQL no line of a wrong value."""
    number = re.search(r"Reading the configuration file, at line (\d+)", line)
    quoted = next((one for one in lines if one.startswith(">>> ")), "")
    if number and quoted:
        wanted = quoted[4:].strip().strip("'")
        return [f"{path}:{place}" for path, text in files.items() for place, one in enumerate(lines_of(text), 1)
                if place == int(number[1]) and one.strip() == wanted]
    made = re.search(r"file=\S*/([\w.-]+) .*\bline (\d+)", line)
    if made:  # a copy that a start script makes, line by line
        return [f"{path}:{made[2]}" for path in files if path.rsplit("/", 1)[-1] == made[1]]
    value = re.search(r'(?:invalid value for|requires a[^"]*|for) parameter "([\w.]+)"', line)
    if value and " line " not in line:
        return [f"{path}:{place}" for path, text in files.items() for place, one in enumerate(lines_of(text), 1)
                if re.match(rf"\s*{re.escape(value[1])}\s*[=\s]", one)][-1:]
    return []


def unreadable(files: Mapping[str, str]) -> str:
    """Where a provisioning file is not YAML, or a dashboard not JSON; JSON is a part of YAML, and stricter."""
    for path, text in sorted(files.items()):
        try:
            if path.endswith(".json"):
                read_json(text)
            elif path.endswith((".yml", ".yaml")):
                fault = collection_key(text)
                if fault:
                    return f"{path}: {fault}"
        except ValueError as error:
            return f"{path}:{getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)}"
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            return f"{path}:{line}: {error.problem or error.context}"
        except yaml.YAMLError as error:
            return f"{path}: {error}"
    return ""
