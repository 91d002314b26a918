"""Every alert fires exactly when its words say so, and no part of a rule can change without a test that notices."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.contract.catalogue import Runbook
from runbook_lib.environment import Environment
from tests.unit.staging.files import ROOT, STAGING
from tests.unit.staging.rule_mutants import UNCHANGED, changed_expressions, mutants, survivors
from tests.unit.staging.rule_tests import NEEDS, rules_of, run_promtool

RULES = STAGING / "prometheus/rules"
FILES = sorted(path.stem for path in RULES.glob("*.yml"))
# mutants that no series can tell from the rule, and why
EQUIVALENT = {
    **{("gw2:error_rate:percent", about): "0 times any rate is 0" for about in (
        "[1m] → ten times (2)", "[1m] → half (2)", "sum → max (2)", "sum → min (2)", "rate → irate (2)")},
    ("TargetDown", "max → sum (1)"): "up is 0 or 1: their sum is 0 where the highest is",
    ("gw2:response_time:seconds", ">= → >"): "a percentile is never 0: a bucket begins above it",
    ("ScheduledJobMissed", "> → >="): "two clocks never differ by exactly 600 s",
    ("DiskFullSoon", "> → >="): "no forecast rests on a disk of exactly 60 %",
    ("DiskFullSoon", "0 → 1"): "one byte in four days is nothing",
}

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not on this machine; tests/lab runs it inside the lab")


def test_every_rule_file_has_cases() -> None:
    assert sorted(NEEDS) == FILES


@pytest.mark.parametrize("name", FILES)
def test_every_alert_fires_when_its_words_say_so(tmp_path: Path, name: str) -> None:
    finished = run_promtool(name, RULES, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("name", FILES)
def test_a_change_in_any_part_of_a_rule_is_noticed(tmp_path: Path, name: str) -> None:
    tried, survived = survivors(name, RULES, tmp_path)
    assert len(tried) > 2 * len(rules_of(RULES, name))
    # the rules themselves hold under the names that mutants get: it is by its change that one is noticed
    unchanged = [one for one in tried if one.about == UNCHANGED]
    assert [one for one in survived if one.about == UNCHANGED] == unchanged
    assert {(one.rule, one.about) for one in survived if one not in unchanged} - set(EQUIVALENT) == set()


def test_few_changes_are_excused_and_no_excuse_outlives_its_rule() -> None:
    """All others are noticed, by the test above: 253 of 265 on 2026-11-29 (95.5 %), and all that a series can show at all."""
    tried = [(one.rule, one.about) for name in FILES for one in mutants(rules_of(RULES, name)) if one.about != UNCHANGED]
    excused = [one for one in tried if one in EQUIVALENT]
    assert len(excused) <= 0.055 * len(tried), f"{len(excused)} of {len(tried)}"
    assert set(excused) == set(EQUIVALENT)


def test_mutants_change_comparison_figure_window_selector_and_how_sets_are_joined() -> None:
    changed = [about for about, _ in changed_expressions('rate(errors{job="a",code=~"5.."}[1m]) > 5 and x offset 6h')]
    assert changed == ["> → <", "> → >=", "5 → 4.5", "5 → 5.5", "[1m] → ten times (1)", "[1m] → half (1)", "offset 6h → ten times (2)",
                       "offset 6h → half (2)", 'without job="a"', 'without code=~"5.."', "and → or (1)", "and → unless (1)", "rate → irate (1)"]


def notebooks_of(rule: dict[str, Any]) -> set[str]:
    """The notebooks that an alert may name: its annotation may choose one by a label."""
    return set(re.findall(r"\b\d\d_\w+", rule["annotations"]["runbook"]))


def test_every_alert_names_a_notebook_that_exists() -> None:
    for name in FILES:
        for rule in rules_of(RULES, name):
            if "alert" in rule:
                assert notebooks_of(rule)
                for one in notebooks_of(rule):
                    assert (ROOT / "notebooks" / f"{one}.ipynb").is_file(), rule["alert"]
                assert rule["labels"]["severity"] in ("warning", "critical")
                assert {"summary", "description", "next"} <= set(rule["annotations"]), rule["alert"]


def test_start_here_leads_from_every_alert_and_has_the_words_of_its_next_step() -> None:
    symptoms = Runbook("00_start_here", ROOT / "notebooks/00_start_here.ipynb").card
    alerts = [rule for name in FILES for rule in rules_of(RULES, name) if "alert" in rule]
    assert [rule["alert"] for rule in alerts if f"*{rule['alert']}*" not in symptoms] == []
    words = {found for rule in alerts for found in re.findall(r'follow "([^"]+)"', rule["annotations"]["next"])}
    assert [one for one in sorted(words) if f"| {one}" not in symptoms] == []
    assert words


def test_an_alert_leads_to_one_row_of_start_here_and_that_to_the_notebook_the_alert_names() -> None:
    cells = Runbook("00_start_here", ROOT / "notebooks/00_start_here.ipynb").cells
    rows = [line for cell in cells if cell["cell_type"] == "markdown" for line in cell["source"].splitlines() if line.startswith("|")]
    for rule in (rule for name in FILES for rule in rules_of(RULES, name) if "alert" in rule):
        found = [row for row in rows if f"*{rule['alert']}*" in row]
        assert len(found) == 1, found
        for named in notebooks_of(rule):
            assert named == "00_start_here" or f"({named}.ipynb)" in found[0], rule["alert"]


def test_only_what_start_here_shows_itself_leads_there_and_all_else_to_the_notebook_that_helps() -> None:
    """At 03:00 a second click is one too many; the lock is shown by notebook 00 itself."""
    alerts = {rule["alert"]: notebooks_of(rule) for name in FILES for rule in rules_of(RULES, name) if "alert" in rule}
    assert {name for name, named in alerts.items() if "00_start_here" in named} == {"LockHeldLong"}
    assert alerts["ErrorRateHigh"] == {"43_log_review"}
    assert alerts["ApiResponseTimeHigh"] == alerts["CpuUsageHigh"] == alerts["MemoryUsageHigh"] == {"41_metrics_review"}
    assert alerts["ServiceUnhealthy"] == {"40_health"}
    assert alerts["DiskUsageHigh"] == alerts["DiskFullSoon"] == {"40_health"}  # it needs no ref


def test_what_issue_and_plan_ask_for_has_an_alert() -> None:
    there = {rule["alert"] for name in FILES for rule in rules_of(RULES, name) if "alert" in rule}
    assert {"TargetDown", "MetricGone", "ScheduledJobMissed", "ScheduledJobFailed", "CertificateExpires", "LockHeldLong",
            "DiskFullSoon"} <= there


def test_limits_of_lock_and_certificate_are_the_environments(environment: Environment) -> None:
    rules = {rule["alert"]: rule["expr"] for rule in rules_of(RULES, "operations")}
    windows = [(int(one.ends[:2]) - int(one.begins[:2])) for one in environment.windows.values()]
    assert f"> {max(windows)} * 3600 " in rules["LockHeldLong"]
    assert rules["CertificateExpires"].endswith(f"< {environment.certificate_minimum_days} * 86400")


def test_the_index_of_start_here_has_each_notebook_once() -> None:
    index = Runbook("00_start_here", ROOT / "notebooks/00_start_here.ipynb").cells[-1]["source"]
    named = re.findall(r"^\| \[[^]]+\]\((\w+)\.ipynb\)", index, re.MULTILINE)
    assert named == sorted(path.stem for path in (ROOT / "notebooks").glob("[1-9]*.ipynb"))


def test_ratios_of_the_plan_need_the_environments_requests_a_minute(environment: Environment) -> None:
    guarded = {rule["alert"]: re.findall(r"request_rate:per_second \* 60 >= (\d+)", rule["expr"])
               for rule in rules_of(RULES, "plan")}
    minimum = [str(environment.alerts.minimum_requests_per_minute)]
    assert {alert for alert, found in guarded.items() if found == minimum} == {"ApiResponseTimeHigh", "ErrorRateHigh"}
