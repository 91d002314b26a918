"""A rollback by hand over a migration: the schema is downgraded with the release."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resilience.releases import commit_of, live_release, schema_revision
from tests.lab.conftest import Lab, roll_back
from tests.lab_server import FIRST_RELEASE


@pytest.mark.slow
def test_a_downgrade_takes_the_schema_back_with_the_release(
    lab: Lab, new_is_live: None, outputs: Path
) -> None:
    code, said = roll_back(lab, outputs, "-p", f"to={FIRST_RELEASE}", "-p", "database=downgrade")
    assert code == 0, said
    assert live_release(lab.instance).commit == commit_of(lab.instance, FIRST_RELEASE)
    assert schema_revision(lab.instance) == "0002"
