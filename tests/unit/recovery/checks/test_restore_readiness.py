"""The schema of a backup and the code that reads it, in sentences that end."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.core.findings import Verdict
from runbook_lib.platform.facts.target import Target
from runbook_lib.recovery.checks.restore_readiness import _schema
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.manifests import Manifest

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


def backup(revision: str | None) -> Backup:
    manifest = Manifest("a.sql.gz", "db", "0" * 64, 9, 9, 9, NOW, NOW, 1.0, "15.20", "15.20", revision, ())
    return Backup("a.sql.gz", NOW, 9, manifest)


def test_a_release_without_alembic_is_compared_in_a_sentence_that_ends() -> None:
    found = _schema(backup(None), Target("c" * 40, "v1.0.0", {}, ""), None)
    assert found.verdict is Verdict.PASSED
    assert (found.measured, found.expected) == ("no alembic revision is in it", "one that v1.0.0 knows, or none")


def test_a_release_with_alembic_names_its_newest_revision() -> None:
    found = _schema(backup("0003"), Target("c" * 40, "v1.0.0", {}, "0002", frozenset({"0001", "0002"})), None)
    assert found.verdict is Verdict.FAILED
    assert (found.measured, found.expected) == ("revision 0003", "one that v1.0.0 knows, up to 0002, or none")
