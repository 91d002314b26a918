"""Whether enough requests will come for an error rate: said before the deployment, and not found out at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.contract.requirements import REQUIREMENTS
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.release.checks.deploy import deploy_preconditions
from runbook_lib.release.checks.preflight import rollback_target
from runbook_lib.release.checks.watch_conclusion import READS_DUE, reads_are_enough
from runbook_lib.release.facts.repository import Commit, ReleaseTree
from tests.unit.release.checks.test_earlier_run import deployed
from tests.unit.shop_environment import shop
from tests.unit.smallest_environment import smallest

ONE_PATH = {"reads": ["/"]}


@pytest.mark.parametrize(("keys", "measured", "changed"), [
    ({}, "0", "traffic.reads"),
    ({"rollback": {"synthetic_per_s": 10}}, "0", "traffic.reads"),
    ({"traffic": ONE_PATH, "rollback": {"watch_s": 60}}, "12", "rollback.synthetic_per_s"),
    ({"traffic": ONE_PATH, "rollback": {"watch_s": 60, "synthetic_per_s": 1}}, "60", ""),
    ({"load": {"paths": ["/"]}}, "60", ""),
])
def test_too_few_reads_of_ours_are_announced_with_the_key_that_changes_it(keys: dict[str, Any], measured: str, changed: str) -> None:
    environment = smallest(**keys)
    found, = reads_are_enough(environment)
    assert found.verdict is (Verdict.WARNING if changed else Verdict.PASSED)
    assert found.measured.startswith(f"{measured} ")
    assert changed in found.next_step
    answer = REQUIREMENTS["watch_reads"].judge(environment)
    assert answer
    assert (answer.met, changed in answer.change) == (not changed, True)


@pytest.mark.parametrize(("watch_s", "measured", "advice"), [
    (30, "6 reads of ours in 30 s", "Watch for longer: watch_s."), (300, "60 reads of ours in 300 s", ""),
    (None, "60 reads of ours in 300 s", "")])
def test_the_watch_of_this_run_counts_and_not_that_of_the_environment(watch_s: float | None, measured: str,
                                                                      advice: str) -> None:
    environment = smallest(traffic=ONE_PATH, rollback={"watch_s": 300})
    found, = reads_are_enough(environment, watch_s)
    assert (found.measured, found.verdict) == (measured, Verdict.WARNING if advice else Verdict.PASSED)
    assert found.next_step.startswith(advice)
    commit = Commit("v1", "tag", "a" * 40, "v1", datetime(2026, 11, 22, tzinfo=UTC), "subject", "")
    asked = deploy_preconditions(environment, ReleaseTree("v1", commit), ServerState((), 1, 1, 0.0, 1, 0.0, {}), {},
                                 deployed=deployed(), watch_s=watch_s)
    assert found in asked


def test_with_colours_users_are_counted() -> None:
    assert reads_are_enough(load_environment("staging")) == ()
    answer = REQUIREMENTS["watch_reads"].judge(load_environment("staging"))
    assert answer
    assert answer.met is True


def test_the_preflight_has_it_and_a_rollback_does_not_wait_for_it() -> None:
    assert READS_DUE in [one.check for one in rollback_target(deployed(), shop(), ())]
    assert READS_DUE not in [one.check for one in rollback_target(deployed(), shop(), (), rolling_back=True)]
