"""The cases of promtool's rule tests: in YAML here, completed with what a rule says of itself and run by promtool."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
MEMORY = "/dev/shm"
# a rule file is tested with what it is computed from
NEEDS = {"plan": ("measures", "plan"), "measures": ("measures",), "schedules": ("schedules",),
         "watching": ("measures", "watching"), "forecast": ("measures", "forecast"), "operations": ("operations",)}


def rules_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rules of a file in Prometheus' rules folder, in order."""
    document = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def promtool_input(name: str, folder: Path, installed: str = "", only: str = "") -> str:
    """What promtool reads: the cases of `name`, each expected alert with its rule's own labels and annotations.

    `installed` is the folder of the rules where promtool runs; the same as `folder` where it is not given. `only`: the
    cases of one alert.
    """
    cases = copy.deepcopy(_cases(name))
    alerts = {rule["alert"]: rule for rule in rules_of(folder, name) if "alert" in rule}
    if only:
        for test in cases["tests"]:
            test["alert_rule_test"] = [one for one in test.get("alert_rule_test", []) if one["alertname"] == only]
        cases["tests"] = [test for test in cases["tests"] if test["alert_rule_test"]]
    for test in cases["tests"]:
        for case in test.get("alert_rule_test", []):
            rule = alerts[case["alertname"]]
            case["exp_alerts"] = [_completed(alert, rule) for alert in case["exp_alerts"]]
        for case in test.get("promql_expr_test", []):
            case["exp_samples"] = [one | {"value": float(one["value"])} for one in case["exp_samples"]]
    # each group is named as its file; without an order promtool takes them as they come, and edges move by an interval
    cases["group_eval_order"] = list(NEEDS[name])
    cases["rule_files"] = [f"{installed or folder}/{one}.yml" for one in NEEDS[name]]
    return json.dumps(cases, ensure_ascii=False)  # which is YAML too, and written a hundred times as fast


def run_promtool(name: str, folder: Path, scratch: Path, only: str = "") -> subprocess.CompletedProcess[str]:
    """promtool's own verdict on the cases of `name` with the rules in `folder`: status 0 when all hold."""
    scratch.mkdir(exist_ok=True)
    (scratch / "cases.yml").write_text(promtool_input(name, folder, only=only), encoding="utf-8")
    # it syncs the store of each case to the disk, which costs more than all the rest: a folder in memory has none
    variables = {**os.environ, "TMPDIR": MEMORY} if os.access(MEMORY, os.W_OK) else None
    return subprocess.run(["promtool", "test", "rules", str(scratch / "cases.yml")], capture_output=True, text=True,
                          env=variables)


@cache
def _cases(name: str) -> dict[str, Any]:
    # as text: to YAML 1.1 promtool's "0x40" (forty more zeros) is a number
    cases: dict[str, Any] = yaml.load((HERE / f"{name}_rules_test.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return cases


def _completed(alert: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    return {"exp_labels": rule["labels"] | alert.get("exp_labels", {}),
            "exp_annotations": rule["annotations"] | alert.get("exp_annotations", {})}
