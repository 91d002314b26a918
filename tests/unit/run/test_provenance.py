"""Who runs what, from which state of the files, with which versions."""

from __future__ import annotations

import pytest

from runbook_lib.connections import local
from runbook_lib.run.provenance import provenance, versions


def test_the_first_event_of_a_run_names_operator_host_commit_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "ana")
    found = provenance()
    assert found["operator"] == "ana"
    assert set(found) == {"operator", "host", "git", "versions"}


def test_files_without_a_checkout_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "checkout", lambda folder: local.Checkout(None, None))
    assert provenance()["git"] == {"commit": "not known", "clean": None}


def test_a_package_that_is_not_installed_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbook_lib.run.provenance._NAMED", ("no-such-package",))
    assert versions()["no-such-package"] == "not installed as a package"
