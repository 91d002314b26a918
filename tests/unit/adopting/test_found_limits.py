"""Limits in whole megabytes and processors; what has another form is none."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.found_limits import cpus_of, memory_text


@pytest.mark.parametrize(("text", "memory"), [
    ("268435456", "256MB"), ("1073741824", "1GB"), ("512M", "512MB"), ("1.5g", "1536MB"), ("2gb", "2GB"), ("1GiB", "1GB"),
    (536870912, "512MB"), ("0", None), (0, None), ("", None), (None, None), ("a lot", None), ("100", None), ("1000000", None),
])
def test_a_memory_limit_in_whole_megabytes(text: Any, memory: str | None) -> None:
    assert memory_text(text) == memory


@pytest.mark.parametrize(("value", "cpus"), [
    ("0.5", 0.5), (2, 2.0), ("0", None), ("0.000", None), (None, None), ("nan", None), ("inf", None), ("half", None), ({}, None)])
def test_processors(value: Any, cpus: float | None) -> None:
    assert cpus_of(value) == cpus
