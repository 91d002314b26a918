"""The migration of a release: in its own image, without waiting long for a lock."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.migration import migrate
from runbook_lib.platform.plans.rollout import Rollout


def test_the_new_image_migrates_to_its_own_head_with_a_lock_timeout() -> None:
    live = Deployed("blue", None, None, None, None, frozenset(), ())
    step = migrate(Rollout(load_environment("staging"), live, Target("b" * 40, "v3.2.0", {}, "0003")))
    assert str(step.actions[0]).endswith("backend-green alembic -x lock_timeout=5s upgrade 0003")
    assert step.undo == (), "the live code works on the new schema"
