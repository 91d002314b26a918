"""The gate of an environment: probes that fit into its deadline, and a page that can be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.environment import load_environment
from tests.unit.environment_doubles import faults_of, overlay


def test_a_page_has_a_path_and_at_least_one_text(tmp_path: Path) -> None:
    faults = faults_of(overlay(tmp_path, """
        gate:
          page: {path: login, texts: []}
    """))
    assert any("gate.page.path" in one for one in faults)
    assert any("gate.page.texts" in one for one in faults)


def test_what_an_absent_browser_means_is_one_of_two_words(tmp_path: Path) -> None:
    faults = faults_of(overlay(tmp_path, "gate: {page: {without_browser: passed}}\n"))
    assert any("gate.page.without_browser" in one for one in faults)


def test_an_environment_without_a_page_has_none(tmp_path: Path) -> None:
    assert load_environment(overlay(tmp_path, "gate: {page: null}\n")).gate.page is None


@pytest.mark.parametrize("deadline_s", ["1"])
def test_probes_must_fit_into_the_deadline(tmp_path: Path, deadline_s: str) -> None:
    assert faults_of(overlay(tmp_path, f"gate: {{deadline_s: {deadline_s}}}\n"))
