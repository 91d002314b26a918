"""The checklist: what data/pre_deployment_checklist.json cannot show."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.release.checks.checklist import pre_deployment_checklist


def test_the_items_are_the_plans_in_its_words_and_order() -> None:
    environment = load_environment("staging")
    found = pre_deployment_checklist({}, environment, attested=[], attested_by="")
    assert [one.check for one in found] == [f"checklist: {text}" for text in environment.checklists.pre_deployment.values()]


def test_what_10_preflight_measures_are_items_of_the_plan() -> None:
    items = load_environment("staging").checklists.pre_deployment
    assert {"environment_variables", "secrets", "backup", "rollback_plan"} <= items.keys()
