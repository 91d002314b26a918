"""Which operations change what users reach, by the names of their plans."""

from __future__ import annotations

import pytest

from runbook_lib.core.operation_names import changes_services


@pytest.mark.parametrize(("purpose", "changes"), [
    ("deploy v1.2.0", True), ("roll back to v1.1.0", True), ("restore shop.sql.gz", True), ("alert drill", True),
    ("restore drill", False), ("back up shop", False), ("back up the configuration", False), ("load test", False),
    ("notify", False), ("schedules a, b", False), ("scheduled job backup", False), ("unknown", False),
])
def test_a_name_shows_whether_services_change(purpose: str, changes: bool) -> None:
    assert changes_services(purpose) is changes
