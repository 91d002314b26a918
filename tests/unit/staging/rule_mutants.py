"""Every rule of Prometheus, changed in one place: its comparison, a figure, a duration, a window, a label selector, an
aggregation, or how two sets are joined.

A mutant that the rule tests do not notice is a part of a rule that nothing holds. All mutants of a file are tried at once,
each under a name of its own: what costs is the store that promtool makes for each case, not the rules in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.staging.rule_tests import rules_of, run_promtool

COMPARISONS = {">": ("<", ">="), ">=": ("<", ">"), "<": (">",), "==": ("!=",), "!=": ("==",)}
COMPARISON = re.compile(r" (>=|==|!=|>|<) ")
# a number that stands alone: not part of a name, of a window ([1m]) or of a label's value
FIGURE = re.compile(r"(?<![\w.\"\[])(\d+(?:\.\d+)?)(?![\w.\"\]])")
WINDOW = re.compile(r"\[(\d+)([smhd])\]|offset (\d+)([smhd])")
SELECTOR = re.compile(r"\{([^{}]+)\}")
AGGREGATIONS = {"sum": ("max", "min"), "max": ("min", "sum"), "avg": ("max", "min")}
AGGREGATION = re.compile(r"\b(sum|max|avg)(?= by |\()")
JOINS = {"or": ("and", "unless"), "and": ("or", "unless"), "unless": ("or", "and")}
JOIN = re.compile(r"(?<= )(or|and|unless)(?= )")
RATE = re.compile(r"\brate(?=\()")
FOR = re.compile(r"(\d+)([smhd])")
UNCHANGED = "unchanged"
# in what promtool prints of a case that does not hold, or of a rule that cannot be computed
NOTICED = re.compile(r"^\s*(?:alertname|expr|rule): .*?_mutant(\d+)\b", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One rule file with one change: the rule (an alert's name, or a measure's), what was changed, and what is tried.

    That is all rules of this name, one of them changed: a measure may have one for each of its labels' values.
    """

    rule: str
    about: str
    rules: tuple[dict[str, Any], ...]


def mutants(rules: list[dict[str, Any]]) -> Iterator[Mutant]:
    """Every mutant of the rules of a file, one change each, and each rule as it is, which no case may notice."""
    for at, rule in enumerate(rules):
        for about, changed in ((UNCHANGED, rule), *_changed_rules(rule)):
            name = rule.get("alert") or rule["record"]
            yield Mutant(name, about, tuple(one for one in (*rules[:at], changed, *rules[at + 1 :])
                                            if name in (one.get("alert"), one.get("record"))))


def survivors(name: str, folder: Path, scratch: Path) -> tuple[list[Mutant], list[Mutant]]:
    """All mutants of a file in the rules folder, and those that its cases do not notice."""
    tried = list(mutants(rules_of(folder, name)))
    # the mutants of an alert together: its cases are all that concerns them; all measures have few cases, and the same
    alerts = sorted({one.rules[0].get("alert", "") for one in tried})
    unnoticed = [one for alert in alerts for one in _unnoticed(
        name, folder, scratch, [one for one in tried if one.rules[0].get("alert", "") == alert])]
    return tried, [one for one in tried if one in unnoticed]


def _unnoticed(name: str, folder: Path, scratch: Path, tried: list[Mutant]) -> list[Mutant]:
    left = dict(enumerate(tried))
    while left:
        finished = run_promtool(name, folder, scratch, {number: one.rules for number, one in left.items()})
        noticed = {int(number) for number in NOTICED.findall(finished.stdout + finished.stderr)}
        assert bool(noticed) == bool(finished.returncode), finished.stdout + finished.stderr
        left = {number: one for number, one in left.items() if number not in noticed}
        # a rule that cannot be computed ends its case for all others: they are tried again without it
        if not noticed or "err:" not in finished.stdout + finished.stderr:
            break
    return list(left.values())


def _changed_rules(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for about, expression in changed_expressions(rule["expr"]):
        yield about, rule | {"expr": expression}
    if found := FOR.fullmatch(rule.get("for", "")):
        for factor in (0.5, 2):
            duration = f"{int(float(found[1]) * factor * 60)}{ {'m': 's', 'h': 'm'}[found[2]] }"
            yield f"for {rule['for']} → {duration}", rule | {"for": duration}


def changed_expressions(expression: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the expression), for each comparison, figure, window, selector, aggregation and join in it."""
    for found in COMPARISON.finditer(expression):
        for other in COMPARISONS[found[1]]:
            yield f"{found[1]} → {other}", _put(expression, found.span(1), other)
    plain = SELECTOR.sub(lambda one: " " * len(one[0]), re.sub(r'"[^"]*"', lambda one: " " * len(one[0]), expression))
    for found in FIGURE.finditer(plain):
        figure = float(found[1])
        for changed in (figure * 0.9, figure * 1.1) if figure else (1.0,):
            yield f"{found[1]} → {changed:g}", _put(expression, found.span(1), f"{changed:g}")
    for number, found in enumerate(WINDOW.finditer(expression), 1):
        at = 1 if found[1] else 3
        for words, factor in (("ten times", 600), ("half", 30)):
            duration = _in_a_smaller_unit(int(found[at]) * factor, found[at + 1])
            yield f"{found[0]} → {words} ({number})", _put(expression, (found.start(at), found.end(at + 1)), duration)
    for found in SELECTOR.finditer(expression):
        matchers = found[1].split(",")
        for index in range(len(matchers)):
            left = ",".join(matchers[:index] + matchers[index + 1 :])
            yield f"without {matchers[index]}", _put(expression, found.span(1), left)
    for kind, others in ((AGGREGATION, AGGREGATIONS), (JOIN, JOINS), (RATE, {"rate": ("irate",)})):
        for number, found in enumerate(kind.finditer(plain), 1):
            for other in others[found[0]]:
                yield f"{found[0]} → {other} ({number})", _put(expression, found.span(), other)


def _in_a_smaller_unit(sixtieths: int, unit: str) -> str:
    smaller = {"m": "s", "h": "m"}
    return f"{sixtieths}{smaller[unit]}" if unit in smaller else f"{sixtieths // 60}{unit}"


def _put(text: str, span: tuple[int, int], other: str) -> str:
    return text[: span[0]] + other + text[span[1] :]
