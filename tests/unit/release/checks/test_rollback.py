"""Preconditions of a rollback: what data/rollback_preconditions.json cannot show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.release.checks.rollback import rollback_preconditions
from runbook_lib.release.facts.repository import Commit, ReleaseTree
from runbook_lib.release.facts.rollback_targets import RollbackTarget
from runbook_lib.release.facts.schema_rollback import DataChoice
from tests.unit.recovery.plans.test_restore import ENVIRONMENT
from tests.unit.release.plans.test_rollback import DEPLOYED, NEWER, OLD

AT = datetime(2026, 11, 22, tzinfo=UTC)
TREE = ReleaseTree(OLD, Commit(OLD, "commit", OLD, "v3.1.0", AT, "a release", None))
CHOICE = RollbackTarget(Release(OLD, "v3.1.0", "blue", "0002", "run-1", "ada", "", AT), False, True, True)


@pytest.mark.parametrize("database", get_args(DataChoice))
def test_code_that_was_never_tested_is_refused_or_warned_of_whatever_the_answer(database: DataChoice) -> None:
    unknown = replace(NEWER, compatible=None, migration_image=None, reverses=())
    *_, found = rollback_preconditions(ENVIRONMENT, DEPLOYED, CHOICE, TREE, unknown, database=database)
    expected = {"keep": Verdict.WARNING, "downgrade": Verdict.FAILED, "restore": Verdict.PASSED}
    assert found.verdict is expected[database]
