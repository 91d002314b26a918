"""Code that checks its schema when it starts: it runs on a new one, and could never start again after a rollback.

It is brought live in the README's two steps: one operator plans, another applies the plan by its hash.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.instance import CHECKOUT
from lab.repository import releases
from lab.resilience.releases import commit_of, deploys_as_expected, live_release
from tests.lab.conftest import SHORT_WATCH_S, Lab, tried

CATALOGUE = {release.tag: release for release in releases()}
BROKEN = CATALOGUE["broken-schema-check"]
pytestmark = [pytest.mark.slow]


def deploy_base(lab: Lab, outputs: Path, operator: str, *words: str) -> tuple[int, str]:
    """20 Deploy of the base, as this operator types it: exit code, and all it printed."""
    done = lab.runbook("run", "20_deploy", "-e", lab.environment, "-p", f"ref={BROKEN.base}", "-p", f"watch_s={SHORT_WATCH_S}", *words,
                       outputs=outputs, variables={"RUNBOOK_OPERATOR": operator})
    return done.returncode, done.stdout + done.stderr


def test_one_operator_plans_and_another_applies_the_plan_by_its_hash(lab: Lab, outputs: Path) -> None:
    code, printed = deploy_base(lab, outputs, "ada")
    assert code == 0, printed
    (planned,) = [event for event in events_of(outputs) if event["event"] == "plan"]
    words = ("-p", f"plan_hash={planned['hash']}", "--apply", "--confirm", lab.name, "--reason", "ada has read the plan")
    code, printed = deploy_base(lab, outputs, "grace", *words)
    assert code == 0, printed
    recorded = json.loads(lab.on_server("tail", "-n", "1", f"{CHECKOUT}/.runbook/releases.jsonl"))
    assert (recorded["by"].split("@")[0], recorded["reason"]) == ("grace", "ada has read the plan")


def test_a_schema_that_the_live_code_runs_on_and_cannot_start_on_is_refused(lab: Lab, outputs: Path) -> None:
    case = tried(lambda: deploys_as_expected(lab.instance, BROKEN, outputs, rate=5.0))
    assert case.passed, case.measured
    assert live_release(lab.instance).commit == commit_of(lab.instance, BROKEN.base)


def events_of(outputs: Path) -> list[dict[str, Any]]:
    """The journal of the only run in `outputs`."""
    (journal,) = outputs.glob("*/journal.jsonl")
    return [json.loads(line) for line in journal.read_text().splitlines()]
