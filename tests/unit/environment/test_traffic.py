"""What counts as traffic, as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.environment_doubles import faults_of, overlay


@pytest.mark.parametrize(("text", "fault"), [
    ("traffic: {reads: ['/a/${word}']}", "reads: ${word} is not known here; there is ${number} alone"),
    ("traffic: {reads: [//evil.example.com/]}", "should be a path on the application's own host"),
    ("traffic: {api: api}", "traffic.api: should be a path of a URL"),
    ("load: {paths: ['/\\\\evil']}", "should be a path on the application's own host"),
])
def test_a_slip_is_refused_by_its_place(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(overlay(tmp_path, text + "\n")))
