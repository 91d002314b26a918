"""The migrations of a release: what data/migrations.json cannot show."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.migration_chain import REHEARSAL, migrations
from runbook_lib.release.facts.migration_rehearsal import MigrationRehearsal, RehearsalOutcome
from runbook_lib.release.facts.repository import ReleaseTree, Sources

TREE = ReleaseTree("v1", None, sources=Sources({"backend/versions/1.py": 'revision = "1"\ndown_revision = None\n'}, None))


@pytest.mark.parametrize("outcome", [one for one in RehearsalOutcome if one is not RehearsalOutcome.PASSED])
def test_only_a_rehearsal_that_passed_is_a_pass(outcome: RehearsalOutcome) -> None:
    found = {one.check: one for one in migrations(TREE, MigrationRehearsal(outcome, "why"), None)}
    assert found[REHEARSAL].verdict is not Verdict.PASSED
    assert found[REHEARSAL].next_step
