"""Every rule of Prometheus, changed in one place: its comparison, a figure, a duration, a window or a label selector.

A mutant that the rule tests do not notice is a part of a rule that nothing holds.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

COMPARISONS = {">": ("<", ">="), ">=": ("<", ">"), "<": (">",), "==": ("!=",), "!=": ("==",)}
COMPARISON = re.compile(r" (>=|==|!=|>|<) ")
# a number that stands alone: not part of a name, of a window ([1m]) or of a label's value
FIGURE = re.compile(r"(?<![\w.\"\[])(\d+(?:\.\d+)?)(?![\w.\"\]])")
WINDOW = re.compile(r"\[(\d+)([smhd])\]|offset (\d+)([smhd])")
SELECTOR = re.compile(r"\{([^{}]+)\}")
FOR = re.compile(r"(\d+)([smhd])")


@dataclass(frozen=True)
class Mutant:
    """One rule file with one change: the rule (an alert's name, or a measure's), what was changed, and the file's text."""

    rule: str
    about: str
    text: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a rule file, one change each."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group_at, group in enumerate(document["groups"]):
        for rule_at, rule in enumerate(group["rules"]):
            for about, changed in _changed_rules(rule):
                mutant = copy.deepcopy(document)
                mutant["groups"][group_at]["rules"][rule_at] = changed
                name = rule.get("alert") or rule["record"]
                yield Mutant(name, about, yaml.safe_dump(mutant, width=1000))


def _changed_rules(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for about, expression in changed_expressions(rule["expr"]):
        yield about, rule | {"expr": expression}
    if found := FOR.fullmatch(rule.get("for", "")):
        for factor in (0.5, 2):
            duration = f"{int(float(found[1]) * factor * 60)}{ {'m': 's', 'h': 'm'}[found[2]] }"
            yield f"for {rule['for']} → {duration}", rule | {"for": duration}


def changed_expressions(expression: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the expression), for each comparison, figure, window and label selector of an expression."""
    for found in COMPARISON.finditer(expression):
        for other in COMPARISONS[found[1]]:
            yield f"{found[1]} → {other}", _put(expression, found.span(1), other)
    plain = SELECTOR.sub(lambda one: " " * len(one[0]), re.sub(r'"[^"]*"', lambda one: " " * len(one[0]), expression))
    for found in FIGURE.finditer(plain):
        figure = float(found[1])
        for changed in (figure * 0.9, figure * 1.1) if figure else (1.0,):
            yield f"{found[1]} → {changed:g}", _put(expression, found.span(1), f"{changed:g}")
    for found in WINDOW.finditer(expression):
        at = 1 if found[1] else 3
        yield f"{found[0]} → ten times", _put(expression, found.span(at), str(int(found[at]) * 10))
    for found in SELECTOR.finditer(expression):
        matchers = found[1].split(",")
        for index in range(len(matchers)):
            left = ",".join(matchers[:index] + matchers[index + 1 :])
            yield f"without {matchers[index]}", _put(expression, found.span(1), left)


def _put(text: str, span: tuple[int, int], other: str) -> str:
    return text[: span[0]] + other + text[span[1] :]
