"""The cases of promtool's rule tests: in YAML here, completed with what a rule says of itself and run by promtool."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MEMORY = "/dev/shm"
# a rule file is tested with what it is computed from; it is the last itself
NEEDS = {"plan": ("measures", "plan"), "measures": ("measures",), "schedules": ("schedules",),
         "watching": ("measures", "watching"), "forecast": ("measures", "forecast"), "operations": ("operations",)}


def rules_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rules of a file in Prometheus' rules folder, in order."""
    document = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def promtool_input(name: str, folder: Path, installed: str = "") -> str:
    """What promtool reads: the cases of `name`, each expected alert with its rule's own labels and annotations.

    `installed` is the folder of the rules where promtool runs; the same as `folder` where it is not given.
    """
    return json.dumps(_input(name, folder, installed or str(folder)), ensure_ascii=False)  # YAML too, and written a hundred times as fast


def run_promtool(name: str, folder: Path, scratch: Path,
                 mutants: Mapping[int, Iterable[dict[str, Any]]] | None = None) -> subprocess.CompletedProcess[str]:
    """promtool's own verdict on the cases of `name` with the rules in `folder`: status 0 when all hold.

    With `mutants`, every case is compared with the rules of each of them instead, whose names end with its number.
    """
    scratch.mkdir(exist_ok=True)
    cases = _input(name, folder, str(folder))
    if mutants is not None:
        renamed = [_renamed(rule, list(rules), number) for number, rules in mutants.items() for rule in rules]
        (scratch / "mutants.yml").write_text(json.dumps({"groups": [{"name": "mutants", "rules": renamed}]}), encoding="utf-8")
        tests = [_of_mutants(test, mutants) for test in cases["tests"]]
        cases |= {"rule_files": [*cases["rule_files"][:-1], str(scratch / "mutants.yml")],
                  "group_eval_order": [*cases["group_eval_order"][:-1], "mutants"],
                  "tests": [test for test in tests if test["alert_rule_test"] or test["promql_expr_test"]]}
    (scratch / "cases.yml").write_text(json.dumps(cases, ensure_ascii=False), encoding="utf-8")
    # it syncs the store of each case to the disk, which costs more than all the rest: a folder in memory has none
    store = {"TMPDIR": MEMORY} if os.access(MEMORY, os.W_OK) else {}
    # each store is memory that is used once: collecting it more seldom saves a fifth of the time
    return subprocess.run(["promtool", "test", "rules", str(scratch / "cases.yml")], capture_output=True, text=True,
                          env={**os.environ, "GOGC": "400", **store})


def _input(name: str, folder: Path, installed: str) -> dict[str, Any]:
    cases = copy.deepcopy(_cases(name))
    alerts = {rule["alert"]: rule for rule in rules_of(folder, name) if "alert" in rule}
    for test in cases["tests"]:
        for case in test.get("alert_rule_test", []):
            rule = alerts[case["alertname"]]
            case["exp_alerts"] = [_completed(alert, rule) for alert in case["exp_alerts"]]
        for case in test.get("promql_expr_test", []):
            case["exp_samples"] = [one | {"value": float(one["value"])} for one in case["exp_samples"]]
    # each group is named as its file; without an order promtool takes them as they come, and edges move by an interval
    cases["group_eval_order"] = list(NEEDS[name])
    cases["rule_files"] = [f"{installed}/{one}.yml" for one in NEEDS[name]]
    return cases


def _of_mutants(test: dict[str, Any], mutants: Mapping[int, Iterable[dict[str, Any]]]) -> dict[str, Any]:
    """A group of cases, each as often as there are mutants that it is about, in their names."""
    alerts = [case | {"alertname": f"{case['alertname']}_mutant{number}"} for case in test.get("alert_rule_test", [])
              for number, rules in mutants.items() if case["alertname"] in {rule.get("alert") for rule in rules}]
    measures = [renamed for case in test.get("promql_expr_test", []) for number, rules in mutants.items()
                if (renamed := _renamed(case, list(rules), number)) != case]
    return test | {"alert_rule_test": alerts, "promql_expr_test": measures}


def _renamed(one: Any, rules: list[dict[str, Any]], number: int) -> Any:
    """A rule, or a case of measures, with the number of a mutant behind each name that is one of its rules'."""
    if isinstance(one, dict):
        return {key: _renamed(value, rules, number) for key, value in one.items()}
    if isinstance(one, list):
        return [_renamed(value, rules, number) for value in one]
    if not isinstance(one, str):
        return one
    names = "|".join(re.escape(rule.get("alert") or rule["record"]) for rule in rules)
    return re.sub(rf"(?<![\w:])(?:{names})(?![\w:])", rf"\g<0>_mutant{number}", one)


@cache
def _cases(name: str) -> dict[str, Any]:
    # as text: to YAML 1.1 promtool's "0x40" (forty more zeros) is a number
    cases: dict[str, Any] = yaml.load((HERE / f"{name}_rules_test.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return cases


def _completed(alert: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    return {"exp_labels": rule["labels"] | alert.get("exp_labels", {}),
            "exp_annotations": rule["annotations"] | alert.get("exp_annotations", {})}
